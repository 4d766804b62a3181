/** Headers of pages and their files: no other origins, no inline scripts, no framing. Their styles use data: images. */
export const PAGE_HEADERS = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
} as const;

/** `PAGE_HEADERS` for URLs that contain a hash of the content. */
export const HASHED_FILE_HEADERS = { ...PAGE_HEADERS, 'Cache-Control': 'public, max-age=31536000, immutable' } as const;

/** Reads once, at the first call. A failed read is tried again by the next call. */
export function readOnce<T>(read: () => Promise<T>): () => Promise<T> {
  let reading: Promise<T> | undefined;
  return () => {
    reading ??= read().catch((error: unknown) => {
      reading = undefined;
      throw error;
    });
    return reading;
  };
}
