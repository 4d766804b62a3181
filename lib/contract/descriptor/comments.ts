import type { RawFile } from './raw.ts';

/** Returns the comment at a descriptor path such as `[4, 0, 2, 1]` (message 0, field 1), or `""`. */
export type CommentAt = (path: readonly number[]) => string;

export function commentsOf(file: RawFile): CommentAt {
  const comments = new Map<string, string>();
  for (const { path = [], leadingComments, trailingComments } of file.sourceCodeInfo?.location ?? []) {
    const text = [leadingComments, trailingComments].map(tidy).filter(Boolean).join('\n');
    if (text !== '') comments.set(path.join('.'), text);
  }
  return function commentAt(path) {
    return comments.get(path.join('.')) ?? '';
  };
}

/** Keeps line breaks and removes the space after `//`. */
const tidy = (comment = ''): string =>
  comment
    .split('\n')
    .map((line) => line.replace(/^ /, '').trimEnd())
    .join('\n')
    .trim();
