import { MAX_REDRIVEN } from '#core';
import { JSON_TYPE } from '../http/negotiation.ts';
import { EVENTS_TYPE } from '../presenters/event-stream.ts';
import type { DeadLetterBody, HistoryBody } from '../presenters/history-presenter.ts';
import type { Json } from './message-schemas.ts';
import {
  BODY_PROBLEMS,
  emptyResponse,
  jsonResponse,
  MODEL_PARAMETER,
  queryParameter,
  type RouteDocs,
  response,
  schemaRef,
  TASK_PARAMETER,
} from './route-doc.ts';
import { list, moment, nullable, nullableMoment, object, type Properties, text } from './schema-parts.ts';

const HISTORY_ENTRY = {
  event: {
    type: 'string',
    enum: ['submitted', 'attempt', 'gave_up', 'expired', 'canceled', 'retried', 'redriven'],
    description: 'What happened.',
  },
  at: moment('When it happened; the start of an attempt.'),
  attempt: nullable('integer', 'The number of the attempt, from 1 after a submit and each retry.'),
  instance: nullable('string', 'The instance that ran the attempt.'),
  ended_at: nullableMoment('The end of the attempt; null while it runs.'),
  outcome: nullable(
    'string',
    'succeeded, failed, aborted because the task ended otherwise, or lost with its instance.',
  ),
  error: { anyOf: [{ $ref: '#/components/schemas/TaskError' }, { type: 'null' }], description: 'Why it failed.' },
  by: nullable('string', 'The id of the user who did it.'),
} satisfies Properties<HistoryBody>;

const ENTRIES = list({ $ref: '#/components/schemas/HistoryEntry' }, 'Oldest first.');
const OWNER = { owner: text('The id of the owner.') } satisfies Partial<Properties<DeadLetterBody>>;
const dead = (more: Json): Json => ({
  allOf: [{ $ref: '#/components/schemas/TaskSummary' }, object('Of a dead letter.', { ...OWNER, ...more })],
});

export const STEERING_SCHEMAS: Json = {
  HistoryEntry: object('An entry of the history of a task.', HISTORY_ENTRY),
  TaskHistory: object(
    'The history of a task.',
    {
      ...{ task_id: text('The id of the task.'), events: ENTRIES },
      request: { description: 'Only with `request=true`: the request; null if it is not kept, or is too large.' },
    },
    ['request'],
  ),
  DeadLetter: dead({}),
  DetailedDeadLetter: dead({ request: { description: 'The request; null if it cannot be read.' }, history: ENTRIES }),
  DeadLetterPage: object('Dead letters, newest first.', {
    dead_letters: list({ $ref: '#/components/schemas/DeadLetter' }),
    next_cursor: nullable('string', 'Cursor of the next page; null on the last one.'),
  }),
  Redrive: object('The redriven tasks.', {
    redriven: list(text('The id of a task.')),
    refused: list(
      object('A task that was not redriven.', {
        id: text('The id of the task.'),
        error: object('Why.', { code: text('A stable code.'), message: text('A description.') }),
      }),
    ),
  }),
};

export const STEERING_ROUTES = {
  'POST /tasks/{id}/retry': {
    operationId: 'retry_task',
    tag: 'Tasks',
    description: 'The task keeps its id and its history, and gets the same time until its deadline.',
    parameters: [TASK_PARAMETER],
    responses: { '202': jsonResponse('The queued task.', schemaRef('Task')) },
    problems: [
      'task_not_found',
      'task_not_retryable',
      'not_acceptable',
      'queue_unavailable',
      'store_unavailable',
      'registry_unavailable',
    ],
  },
  'GET /tasks/{id}/history': {
    operationId: 'get_task_history',
    tag: 'Tasks',
    parameters: [
      TASK_PARAMETER,
      queryParameter('request', 'Whether the answer has the request, where it is kept.', {
        type: 'boolean',
        default: false,
      }),
    ],
    responses: { '200': jsonResponse('The history.', schemaRef('TaskHistory')) },
    problems: ['task_not_found', 'invalid_request', 'not_acceptable', 'store_unavailable'],
  },
  'GET /tasks/{id}/events': {
    operationId: 'follow_task',
    tag: 'Tasks',
    description:
      'Server-sent events: `state` with the task, `progress` with `fraction` and `message`, `partial` with a part of the ' +
      'result, and `history`. The stream ends with the task. With `Last-Event-ID`, it goes on after that event; 204 when ' +
      'that was the end. Behind API Gateway, an answer ends with the first events, or after `Prefer: wait=N` seconds.',
    parameters: [
      TASK_PARAMETER,
      {
        name: 'Last-Event-ID',
        in: 'header',
        required: false,
        description: 'The id of the last event that was seen.',
        schema: { type: 'string' },
      },
    ],
    responses: {
      '200': response('The events.', { [EVENTS_TYPE]: { schema: { type: 'string' } } }),
      '204': emptyResponse('The end was seen.'),
    },
    problems: [
      'task_not_found',
      'invalid_request',
      'not_acceptable',
      'too_many_requests',
      'store_unavailable',
      'registry_unavailable',
    ],
  },
  'GET /models/{model}/dead-letters': {
    operationId: 'list_dead_letters',
    tag: 'Models',
    parameters: [
      MODEL_PARAMETER,
      queryParameter('limit', 'The maximum number of tasks.', {
        type: 'integer',
        minimum: 1,
        maximum: 100,
        default: 20,
      }),
      queryParameter('cursor', 'The `next_cursor` of the page before.', { type: 'string' }),
    ],
    responses: { '200': jsonResponse('A page of dead letters.', schemaRef('DeadLetterPage')) },
    problems: ['model_not_found', 'not_acceptable', 'store_unavailable', 'registry_unavailable'],
  },
  'GET /models/{model}/dead-letters/{id}': {
    operationId: 'get_dead_letter',
    tag: 'Models',
    parameters: [MODEL_PARAMETER, TASK_PARAMETER],
    responses: { '200': jsonResponse('The task with its request and history.', schemaRef('DetailedDeadLetter')) },
    problems: ['model_not_found', 'task_not_found', 'not_acceptable', 'store_unavailable', 'registry_unavailable'],
  },
  'POST /models/{model}/dead-letters/redrive': {
    operationId: 'redrive_dead_letters',
    tag: 'Models',
    description: `Without \`ids\`, sends all dead letters again, ${MAX_REDRIVEN} at a time. Each stands alone.`,
    parameters: [MODEL_PARAMETER],
    requestBody: {
      required: false,
      content: {
        [JSON_TYPE]: {
          schema: {
            type: 'object',
            properties: { ids: { type: 'array', maxItems: MAX_REDRIVEN, items: { type: 'string' } } },
            additionalProperties: false,
          },
          example: {},
        },
      },
    },
    responses: { '202': jsonResponse('The redriven tasks, and those that were refused.', schemaRef('Redrive')) },
    problems: [...BODY_PROBLEMS, 'model_not_found', 'not_acceptable', 'store_unavailable', 'registry_unavailable'],
  },
} as const satisfies RouteDocs;
