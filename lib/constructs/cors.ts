/** All request headers that the API reads and that browsers do not allow by default. */
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

/** Preflight cache in seconds. Some browsers cap it at this value. */
export const CORS_MAX_AGE_SECONDS = 7200;
