import { JSON_TYPE } from '../http/negotiation.ts';
import type { DeliveryBody, WebhookSecretBody } from '../presenters/webhook-presenter.ts';
import type { Json } from './message-schemas.ts';
import { jsonResponse, type RouteDocs, schemaRef, TASK_PARAMETER } from './route-doc.ts';
import { list, moment, nullable, nullableMoment, object, type Properties, text } from './schema-parts.ts';

const DELIVERY = {
  id: text('The id of the event: `webhook-id` of every attempt.'),
  event: text('For example `task.succeeded`.'),
  url: text('The receiver.'),
  state: { type: 'string', enum: ['pending', 'delivered', 'failed'], description: 'failed: given up.' },
  created_at: moment('When the end of the task was detected.'),
  next_attempt_at: nullableMoment('When it is sent next; null unless it is pending.'),
  attempts: list(
    object('A request to the receiver.', {
      at: moment('When it was sent.'),
      duration_ms: { type: 'integer', description: 'How long it took.' },
      status: nullable('integer', 'The status of the answer; null without one.'),
      error: nullable('string', 'Why it failed; null after a success.'),
    }),
    'The newest 15, oldest first.',
  ),
} satisfies Properties<DeliveryBody>;

const SECRET = {
  secret: text('`whsec_` and base64, as libraries of the Standard Webhooks scheme take it.'),
  previous_valid_until: nullableMoment('Until then, events are also signed with the previous secret.'),
} satisfies Properties<WebhookSecretBody>;

export const WEBHOOK_SCHEMAS: Json = {
  Delivery: object('An event and its delivery.', DELIVERY),
  WebhookSecret: object('The secret that signs webhooks of the caller.', SECRET),
  Deliveries: object('The deliveries of a task.', {
    task_id: text('The id of the task.'),
    webhook: {
      anyOf: [
        object('The receiver named by the submit.', {
          url: text('The receiver.'),
          events: { anyOf: [list(text('An event.')), { type: 'null' }], description: 'null: all.' },
        }),
        { type: 'null' },
      ],
      description: 'null: the submit named none.',
    },
    deliveries: list({ $ref: '#/components/schemas/Delivery' }, 'In the order of their events.'),
  }),
};

const REDELIVER = {
  tag: 'Tasks',
  description: 'The event keeps its id. Without a body, the last event of the task is sent.',
  parameters: [TASK_PARAMETER],
  requestBody: {
    required: false,
    content: {
      [JSON_TYPE]: {
        schema: { type: 'object', additionalProperties: false, properties: { id: text('The id of a delivery.') } },
      },
    },
  },
  responses: { '202': jsonResponse('The pending delivery.', schemaRef('Delivery')) },
  problems: ['task_not_found', 'resource_not_found', 'invalid_input', 'unreadable_body', 'store_unavailable'],
} as const;

export const WEBHOOK_ROUTES = {
  'GET /tasks/{id}/deliveries': {
    operationId: 'list_deliveries',
    tag: 'Tasks',
    parameters: [TASK_PARAMETER],
    responses: { '200': jsonResponse('The deliveries.', schemaRef('Deliveries')) },
    problems: ['task_not_found', 'not_acceptable', 'store_unavailable'],
  },
  'POST /tasks/{id}/redeliver': { operationId: 'redeliver', ...REDELIVER },
  'POST /tasks/{id}/deliveries/redeliver': { operationId: 'redeliver_delivery', ...REDELIVER },
  'GET /users/me/webhook-secret': {
    operationId: 'get_webhook_secret',
    tag: 'Users',
    description: 'Made at the first call.',
    responses: { '200': jsonResponse('The secret.', schemaRef('WebhookSecret')) },
    problems: ['not_acceptable', 'store_unavailable'],
  },
  'POST /users/me/webhook-secret/rotate': {
    operationId: 'rotate_webhook_secret',
    tag: 'Users',
    description: 'The previous secret also signs for 24 hours.',
    responses: { '200': jsonResponse('The new secret.', schemaRef('WebhookSecret')) },
    problems: ['not_acceptable', 'store_unavailable'],
  },
} as const satisfies Partial<RouteDocs>;
