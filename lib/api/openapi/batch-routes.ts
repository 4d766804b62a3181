import { MAX_BATCH_ITEMS, TASK_STATES } from '#core';
import { JSON_TYPE, NDJSON_TYPE } from '../http/negotiation.ts';
import type { BatchBody } from '../presenters/batch-presenter.ts';
import { HEADERS } from './headers.ts';
import type { Json } from './message-schemas.ts';
import { SUBMIT_PARAMETERS, SUBMIT_PROBLEMS } from './model-operations.ts';
import {
  jsonResponse,
  MODEL_PARAMETER,
  pathParameter,
  queryParameter,
  type RouteDocs,
  response,
  schemaRef,
} from './route-doc.ts';
import { count, list, moment, object, type Properties, text, truth } from './schema-parts.ts';

const ID = pathParameter('id', 'The id of the batch.');

const BATCH = {
  id: { type: 'string', format: 'uuid', description: 'The id of the batch.' },
  model: text('The name of the model.'),
  created_at: moment('When it was submitted.'),
  total: count('The number of items.'),
  counts: object(
    'Items per state of their tasks. Refused items have no task.',
    Object.fromEntries([...TASK_STATES, 'refused'].map((state) => [state, count(`Items that are ${state}.`)])),
  ),
  completed: truth('Whether every item has ended or was refused.'),
  links: object('Paths.', { self: text('The batch.'), results: text('Its results.') }),
} satisfies Properties<BatchBody>;

const ITEM = {
  index: count('The position in the batch, from 0.'),
  task_id: { type: 'string', format: 'uuid', description: 'The task of an accepted item.' },
  problem: { $ref: '#/components/schemas/Problem' },
};

export const BATCH_SCHEMAS: Json = {
  Batch: object('Requests to one model that were submitted together.', BATCH),
  SubmittedBatch: object('A batch with its items.', {
    ...BATCH,
    batch_id: { type: 'string', format: 'uuid', description: 'The same as `id`.' },
    items: list(object('An item: its task, or why it was refused.', ITEM, ['task_id', 'problem']), 'In order.'),
  }),
};

export const BATCH_ROUTES = {
  'POST /models/{model}/batches': {
    operationId: 'submit_batch',
    tag: 'Tasks',
    description:
      `Takes 1 to ${MAX_BATCH_ITEMS} request messages as canonical proto3 JSON: an array, or one a line as NDJSON. Each ` +
      'is independent: an invalid one is reported by its index, and the others are accepted. A refusal of the whole batch ' +
      'means that nothing was accepted. The headers hold for every item. With `Prefer: wait=N` (0–25) it waits up to N ' +
      'seconds for places in a full backlog.',
    parameters: [MODEL_PARAMETER, ...SUBMIT_PARAMETERS],
    requestBody: {
      required: true,
      content: {
        [JSON_TYPE]: { schema: { type: 'array', minItems: 1, maxItems: MAX_BATCH_ITEMS, items: { type: 'object' } } },
        [NDJSON_TYPE]: { schema: { type: 'string', description: 'One request message a line.' } },
      },
    },
    responses: { '202': jsonResponse('The batch.', schemaRef('SubmittedBatch'), HEADERS.location) },
    problems: [...SUBMIT_PROBLEMS, 'too_many_requests'],
  },
  'GET /batches/{id}': {
    operationId: 'get_batch',
    tag: 'Tasks',
    parameters: [ID],
    responses: { '200': jsonResponse('The batch.', schemaRef('Batch'), HEADERS.retryAfter) },
    problems: ['batch_not_found', 'not_acceptable', 'store_unavailable'],
  },
  'GET /batches/{id}/results': {
    operationId: 'get_batch_results',
    tag: 'Tasks',
    description:
      'One line per item, in order: the task with its `index`, or `index`, `state: "refused"` and `problem`. Answers with ' +
      'about 4 MiB at most; `Link` has the rest.',
    parameters: [
      ID,
      queryParameter('from', 'The first index.', { type: 'integer', minimum: 0, maximum: MAX_BATCH_ITEMS, default: 0 }),
      queryParameter('limit', 'The maximum number of lines.', {
        type: 'integer',
        minimum: 1,
        maximum: MAX_BATCH_ITEMS,
        default: MAX_BATCH_ITEMS,
      }),
    ],
    responses: {
      '200': response(
        'The lines.',
        { [NDJSON_TYPE]: { schema: { type: 'string', description: 'One JSON object a line.' } } },
        HEADERS.link,
      ),
    },
    problems: ['batch_not_found', 'invalid_request', 'not_acceptable', 'store_unavailable', 'registry_unavailable'],
  },
} as const satisfies RouteDocs;
