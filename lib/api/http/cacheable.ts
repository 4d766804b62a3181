import { createHash } from 'node:crypto';
import type { HttpRequest } from './http-request.ts';
import { splitUnquoted } from './http-syntax.ts';
import type { ProxyResult } from './proxy.ts';

export interface CacheableText {
  readonly body: string;
  readonly contentType: string;
  /** Identifies the content, including the quotes; see `etagOf`. */
  readonly etag: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A strong entity tag. */
export const etagOf = (body: string): string =>
  `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;

/** The text, or 304 when `If-None-Match` has its tag (RFC 9110, section 13.1.2). */
export function cacheableAnswer(
  request: HttpRequest,
  { body, contentType, etag, headers }: CacheableText,
): ProxyResult {
  const known = splitUnquoted(request.headers.list('if-none-match') ?? '', ',');
  const isKnown = known.some((tag) => tag === '*' || tag.replace(/^W\//, '') === etag);
  // Revalidated by default, so that a new model shows at once.
  const kept = { ETag: etag, 'Cache-Control': 'no-cache', ...headers };
  if (isKnown) return { statusCode: 304, headers: kept, body: '' };
  return { statusCode: 200, headers: { 'Content-Type': contentType, ...kept }, body };
}
