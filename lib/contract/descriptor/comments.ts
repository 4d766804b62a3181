import type { RawFile } from './raw.ts';

/** Finds the comment of the declaration at a descriptor path such as `[4, 0, 2, 1]` (message 0, field 1); `""` without one. */
export type CommentAt = (path: readonly number[]) => string;

/** Indexes the comments of a file. */
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

/** Lines keep their breaks and lose the space that follows `//`. */
const tidy = (comment = ''): string =>
  comment
    .split('\n')
    .map((line) => line.replace(/^ /, '').trimEnd())
    .join('\n')
    .trim();
