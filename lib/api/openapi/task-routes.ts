import { TASK_STATES } from '#core';
import { JSON_TYPE, PROTOBUF_TYPE } from '../http/media-types.ts';
import { HEADERS, PARAMETERS } from './headers.ts';
import {
  binarySchema,
  jsonResponse,
  pathParameter,
  problemResponse,
  queryParameter,
  type RouteDocs,
  response,
  schemaRef,
} from './route-doc.ts';

const ID = pathParameter('id', 'The id of the task.');
const MODEL = pathParameter('model', 'The name of the model.');
const TASK_HEADERS = { ...HEADERS.retryAfter, ...HEADERS.preferenceApplied };
const TASK = jsonResponse('The task, whatever its state.', schemaRef('Task'), TASK_HEADERS);

/** What the routes of tasks say of themselves. */
export const TASK_ROUTES = {
  'GET /tasks': {
    operationId: 'list_tasks',
    tag: 'Tasks',
    parameters: [
      queryParameter('model', 'Only tasks of this model.', { type: 'string' }),
      queryParameter('state', 'Only tasks in this state.', { type: 'string', enum: TASK_STATES }),
      queryParameter('limit', 'At most so many tasks.', { type: 'integer', minimum: 1, maximum: 100, default: 20 }),
      queryParameter('cursor', 'The `next_cursor` of the page before.', { type: 'string' }),
    ],
    responses: { '200': jsonResponse('A page of tasks.', schemaRef('TaskPage')) },
    problems: ['not_acceptable', 'store_unavailable'],
  },
  'GET /tasks/{id}': {
    operationId: 'get_task',
    tag: 'Tasks',
    description: 'With `Prefer: wait=N` the answer waits up to N seconds (0–25) for the task to end.',
    parameters: [ID, PARAMETERS.prefer],
    responses: { '200': TASK },
    problems: ['task_not_found', 'forbidden', 'not_acceptable', 'store_unavailable'],
  },
  'GET /models/{model}/tasks/{id}': {
    operationId: 'get_model_task',
    tag: 'Tasks',
    description: 'With `Prefer: wait=N` the answer waits up to N seconds (0–25) for the task to end.',
    parameters: [MODEL, ID, PARAMETERS.prefer],
    responses: { '200': TASK },
    problems: ['task_not_found', 'forbidden', 'not_acceptable', 'store_unavailable'],
  },
  'GET /models/{model}/result': {
    operationId: 'get_result',
    tag: 'Tasks',
    description: 'A task that has ended without a result answers with the problem that it ended with.',
    parameters: [MODEL, queryParameter('task_id', 'The id of the task.', { type: 'string' }, true), PARAMETERS.prefer],
    responses: {
      '200': response(
        "The model's response message.",
        {
          [JSON_TYPE]: { schema: { description: 'Canonical proto3 JSON of the message.' } },
          [PROTOBUF_TYPE]: { schema: binarySchema(PROTOBUF_TYPE, 'The message in its binary form.') },
        },
        { ...HEADERS.vary, ...HEADERS.contentDisposition },
      ),
      '202': jsonResponse('The task has not ended yet.', schemaRef('Task'), HEADERS.retryAfter),
      '422': problemResponse('The task has ended without a result; this is why.'),
    },
    problems: ['task_not_found', 'forbidden', 'not_acceptable', 'store_unavailable'],
  },
} as const satisfies RouteDocs;
