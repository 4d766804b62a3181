import { MAX_DEADLINE_SECONDS, MAX_TIMEOUT_SECONDS, PRIORITIES } from '#core';
import { WEBHOOK_EVENTS } from '#core/webhooks';
import type { Json } from './message-schemas.ts';

const header = (name: string, component: string) => ({ [name]: { $ref: `#/components/headers/${component}` } });

/** References to response headers. */
export const HEADERS = {
  requestId: header('X-Request-Id', 'RequestId'),
  location: header('Location', 'Location'),
  retryAfter: header('Retry-After', 'RetryAfter'),
  preferenceApplied: header('Preference-Applied', 'PreferenceApplied'),
  vary: header('Vary', 'Vary'),
  etag: header('ETag', 'ETag'),
  link: header('Link', 'Link'),
  contentDisposition: header('Content-Disposition', 'ContentDisposition'),
} as const;

const text = (description: string): Json => ({ description, schema: { type: 'string' } });

export const HEADER_COMPONENTS: Json = {
  RequestId: text('The id of the request, which the logs contain too.'),
  Location: text('The path of the task.'),
  RetryAfter: {
    description: 'Estimated seconds until a retry is useful.',
    schema: { type: 'integer', minimum: 1 },
  },
  PreferenceApplied: text('The applied preference, for example `wait=20` (RFC 7240).'),
  Vary: text('Request headers that change the response.'),
  ETag: text('The version of the content. Send it in `If-None-Match`.'),
  Link: text('The path of the next lines, with `rel="next"`. Absent on the last page.'),
  ContentDisposition: text('A file name for the content.'),
};

const parameter = (name: string): Json => ({ $ref: `#/components/parameters/${name}` });

/** References to parameters. */
export const PARAMETERS = {
  prefer: parameter('Prefer'),
  idempotencyKey: parameter('IdempotencyKey'),
  routingKey: parameter('RoutingKey'),
  taskDeadline: parameter('TaskDeadline'),
  taskTimeout: parameter('TaskTimeout'),
  taskPriority: parameter('TaskPriority'),
  webhookUrl: parameter('WebhookUrl'),
  webhookEvents: parameter('WebhookEvents'),
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

/** Without examples, because Swagger UI would send them. */
export const PARAMETER_COMPONENTS: Json = {
  Prefer: requestHeader(
    'Prefer',
    '`wait=N`: wait up to N seconds (0–25) for the end of the task. `respond-async`: do not wait (RFC 7240).',
    { type: 'string' },
  ),
  IdempotencyKey: requestHeader(
    'Idempotency-Key',
    'Repeats with the same key and body return the same task, also after it has ended. Another body is refused.',
    { type: 'string', minLength: 1, maxLength: 255 },
  ),
  RoutingKey: requestHeader(
    'Routing-Key',
    'Chooses the version that answers while a canary runs on this key: the same key, the same version.',
    { type: 'string', minLength: 1, maxLength: 255 },
  ),
  TaskDeadline: requestHeader(
    'Task-Deadline',
    'Seconds from submit to end; a task that has not ended by then ends as `expired`.',
    { type: 'integer', minimum: 1, maximum: MAX_DEADLINE_SECONDS },
  ),
  TaskTimeout: requestHeader('Task-Timeout', 'Seconds that one run may take; capped by the model.', {
    type: 'integer',
    minimum: 1,
    maximum: MAX_TIMEOUT_SECONDS,
  }),
  TaskPriority: requestHeader(
    'Task-Priority',
    'The share of turns among the waiting tasks of the model: 16 high, 4 normal and 1 low.',
    { type: 'string', enum: [...PRIORITIES], default: 'normal' },
  ),
  WebhookUrl: requestHeader(
    'Webhook-Url',
    'An `https:` URL that gets a signed `POST` of the task when it has ended (Standard Webhooks).',
    { type: 'string', format: 'uri', maxLength: 2048 },
  ),
  WebhookEvents: requestHeader(
    'Webhook-Events',
    `The events to send, separated by commas: ${WEBHOOK_EVENTS.join(', ')}. All by default. Needs \`Webhook-Url\`.`,
    { type: 'string' },
  ),
  Traceparent: requestHeader('traceparent', 'W3C Trace Context. It is passed on to the model.', {
    type: 'string',
  }),
  Tracestate: requestHeader('tracestate', 'Trace state of `traceparent`.', { type: 'string', maxLength: 512 }),
  IfNoneMatch: requestHeader(
    'If-None-Match',
    'The `ETag` of the cached content. The response is 304 while it is current.',
    {
      type: 'string',
    },
  ),
};
