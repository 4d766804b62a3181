import { createHash } from 'node:crypto';
import type { HttpRequest } from './http-request.ts';
import { splitUnquoted } from './http-syntax.ts';
import type { ProxyResult } from './proxy.ts';

/** A text that callers may keep. */
export interface CacheableText {
  readonly body: string;
  readonly contentType: string;
  /** Names this very content, quotes included; see `etagOf`. */
  readonly etag: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A strong entity tag of a text. */
export const etagOf = (body: string): string =>
  `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;

/** The text; or 304 when the caller says that it has it (RFC 9110, section 13.1.2). */
export function cacheableAnswer(
  request: HttpRequest,
  { body, contentType, etag, headers }: CacheableText,
): ProxyResult {
  const known = splitUnquoted(request.headers.list('if-none-match') ?? '', ',');
  const isKnown = known.some((tag) => tag === '*' || tag.replace(/^W\//, '') === etag);
  // Asked again each time, unless the caller says otherwise: a new model must show at once.
  const kept = { ETag: etag, 'Cache-Control': 'no-cache', ...headers };
  if (isKnown) return { statusCode: 304, headers: kept, body: '' };
  return { statusCode: 200, headers: { 'Content-Type': contentType, ...kept }, body };
}
