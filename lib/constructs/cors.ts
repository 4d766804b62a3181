/** What pages of other origins may send besides what browsers let them anyway: every header that the API reads. */
export const CORS_REQUEST_HEADERS = [
  'Authorization',
  'Content-Type',
  'X-Api-Key',
  'If-None-Match',
  'traceparent',
  'tracestate',
  'Idempotency-Key',
  'Prefer',
  'Task-Deadline',
  'Task-Timeout',
] as const;

/** How long browsers remember what they may send, in seconds; some keep it for no longer. */
export const CORS_MAX_AGE_SECONDS = 7200;
