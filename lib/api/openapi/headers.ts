import type { Json } from './references.ts';

const header = (name: string, component: string) => ({ [name]: { $ref: `#/components/headers/${component}` } });

/** Response headers, as operations name them. */
export const HEADERS = {
  requestId: header('X-Request-Id', 'RequestId'),
  location: header('Location', 'Location'),
  retryAfter: header('Retry-After', 'RetryAfter'),
  preferenceApplied: header('Preference-Applied', 'PreferenceApplied'),
  vary: header('Vary', 'Vary'),
  etag: header('ETag', 'ETag'),
  contentDisposition: header('Content-Disposition', 'ContentDisposition'),
} as const;

const text = (description: string): Json => ({ description, schema: { type: 'string' } });

/** What the names stand for. */
export const HEADER_COMPONENTS: Json = {
  RequestId: text('Names the request, in logs too.'),
  Location: text('Where the task is found.'),
  RetryAfter: {
    description: 'Seconds after which it is worth asking again; an estimate.',
    schema: { type: 'integer', minimum: 1 },
  },
  PreferenceApplied: text('The preference that was honoured, for example `wait=20` (RFC 7240).'),
  Vary: text('What else the answer depends on.'),
  ETag: text('Names this very content; send it back in `If-None-Match`.'),
  ContentDisposition: text('A file name to save the bytes under.'),
};

const parameter = (name: string): Json => ({ $ref: `#/components/parameters/${name}` });

/** Parameters, as operations name them. */
export const PARAMETERS = {
  prefer: parameter('Prefer'),
  idempotencyKey: parameter('IdempotencyKey'),
  taskDeadline: parameter('TaskDeadline'),
  taskTimeout: parameter('TaskTimeout'),
  traceparent: parameter('Traceparent'),
  tracestate: parameter('Tracestate'),
  ifNoneMatch: parameter('IfNoneMatch'),
} as const;

const requestHeader = (name: string, description: string, schema: Json): Json => ({
  name,
  in: 'header',
  required: false,
  description,
  schema,
});

/** What the names stand for. No examples: readers such as Swagger UI would send them. */
export const PARAMETER_COMPONENTS: Json = {
  Prefer: requestHeader(
    'Prefer',
    '`wait=N`: wait up to N seconds (0–25) for the task to end. `respond-async`: do not wait (RFC 7240).',
    { type: 'string' },
  ),
  IdempotencyKey: requestHeader(
    'Idempotency-Key',
    'The same key with the same body gives the same task, also after it has ended; with another body it is refused.',
    { type: 'string', minLength: 1, maxLength: 255 },
  ),
  TaskDeadline: requestHeader(
    'Task-Deadline',
    'Seconds from submit to end; a task that has not ended by then ends as `expired`.',
    { type: 'integer', minimum: 1 },
  ),
  TaskTimeout: requestHeader('Task-Timeout', 'Seconds that one run may take; capped by the model.', {
    type: 'integer',
    minimum: 1,
  }),
  Traceparent: requestHeader('traceparent', 'W3C Trace Context; travels with the task to the model.', {
    type: 'string',
  }),
  Tracestate: requestHeader('tracestate', 'Goes with `traceparent`.', { type: 'string', maxLength: 512 }),
  IfNoneMatch: requestHeader('If-None-Match', 'The `ETag` of what the caller has; 304 while it is current.', {
    type: 'string',
  }),
};
