import { MAX_MODEL_NAME_LENGTH, TASK_STATES } from '#core';
import { JSON_TYPE, PROTOBUF_TYPE } from '../http/negotiation.ts';
import { EVENTS_TYPE } from '../presenters/event-stream.ts';
import { HEADERS, PARAMETERS } from './headers.ts';
import {
  binarySchema,
  emptyResponse,
  jsonResponse,
  MODEL_PARAMETER,
  problemResponse,
  queryParameter,
  type RouteDocs,
  response,
  schemaRef,
  TASK_PARAMETER,
} from './route-doc.ts';

const TASK_HEADERS = { ...HEADERS.retryAfter, ...HEADERS.preferenceApplied };
const TASK = jsonResponse('The task in its current state.', schemaRef('Task'), TASK_HEADERS);

export const TASK_ROUTES = {
  'GET /tasks': {
    operationId: 'list_tasks',
    tag: 'Tasks',
    parameters: [
      queryParameter('model', 'Only tasks of this model.', { type: 'string', maxLength: MAX_MODEL_NAME_LENGTH }),
      queryParameter('state', 'Only tasks in this state.', { type: 'string', enum: TASK_STATES }),
      queryParameter('limit', 'The maximum number of tasks.', {
        type: 'integer',
        minimum: 1,
        maximum: 100,
        default: 20,
      }),
      queryParameter('all', 'For admins: the tasks of all users, at most 500 of them.', {
        type: 'boolean',
        default: false,
      }),
      queryParameter('user', 'For admins: the tasks of this user, by id or name.', { type: 'string' }),
      queryParameter('cursor', 'The `next_cursor` of the page before.', { type: 'string' }),
    ],
    responses: { '200': jsonResponse('A page of tasks.', schemaRef('TaskPage')) },
    problems: ['not_acceptable', 'store_unavailable'],
  },
  'GET /events': {
    operationId: 'follow_changes',
    tag: 'Tasks',
    description:
      'Server-sent events of what changes: `task` with a task as in the list; `model` with a model as in the list, ' +
      '`models` with the names of all, `stats` with the statistics of a model, and for operators `instances` with the ' +
      'instances of one. The first event is `open`: a list of tasks that is read after it misses no change. The state of ' +
      'the models follows it. A stream ends after 5 minutes: connect again. 204 where the platform holds no connection.',
    parameters: [
      queryParameter('of', 'Only tasks or only models.', { type: 'string', enum: ['tasks', 'models'] }),
      queryParameter('all', 'For admins: the tasks of all users, at most 500 of them.', {
        type: 'boolean',
        default: false,
      }),
      queryParameter('user', 'For admins: the tasks of this user, by id or name.', { type: 'string' }),
    ],
    responses: {
      '200': response('The events.', { [EVENTS_TYPE]: { schema: { type: 'string' } } }),
      '204': emptyResponse('This platform holds no connection: read the lists instead.'),
    },
    problems: ['not_acceptable', 'too_many_requests', 'store_unavailable', 'registry_unavailable'],
  },
  'GET /tasks/{id}': {
    operationId: 'get_task',
    tag: 'Tasks',
    description: 'With `Prefer: wait=N` it waits up to N seconds (0–25) for the end of the task.',
    parameters: [TASK_PARAMETER, PARAMETERS.prefer],
    responses: { '200': TASK },
    problems: ['task_not_found', 'not_acceptable', 'store_unavailable'],
  },
  'GET /models/{model}/tasks/{id}': {
    operationId: 'get_model_task',
    tag: 'Tasks',
    description: 'With `Prefer: wait=N` it waits up to N seconds (0–25) for the end of the task.',
    parameters: [MODEL_PARAMETER, TASK_PARAMETER, PARAMETERS.prefer],
    responses: { '200': TASK },
    problems: ['task_not_found', 'not_acceptable', 'store_unavailable'],
  },
  'POST /tasks/{id}/cancel': {
    operationId: 'cancel_task',
    tag: 'Tasks',
    description:
      'A queued task never runs. The run of a running task is aborted; what ends first, the run or the cancel, is final.',
    parameters: [TASK_PARAMETER],
    responses: { '202': jsonResponse('The canceled task.', schemaRef('Task')) },
    problems: ['task_not_found', 'task_ended', 'not_acceptable', 'store_unavailable'],
  },
  'GET /models/{model}/result': {
    operationId: 'get_result',
    tag: 'Tasks',
    description:
      'As protobuf, the response is the bare message. For a task that ended without a result, it is the problem of its error.',
    parameters: [
      MODEL_PARAMETER,
      queryParameter('task_id', 'The id of the task.', { type: 'string' }, true),
      PARAMETERS.prefer,
    ],
    responses: {
      '200': response(
        'The task has succeeded.',
        {
          [JSON_TYPE]: { schema: schemaRef('TaskResult') },
          [PROTOBUF_TYPE]: { schema: binarySchema(PROTOBUF_TYPE, 'The message in binary form.') },
        },
        { ...HEADERS.vary, ...HEADERS.contentDisposition },
      ),
      '202': jsonResponse('The task has not ended yet.', schemaRef('TaskInProgress'), HEADERS.retryAfter),
      '422': problemResponse('The task ended without a result.'),
    },
    problems: ['task_not_found', 'not_acceptable', 'store_unavailable'],
  },
} as const satisfies RouteDocs;
