import { LIMIT_NAMES, type LimitName, MAX_MODEL_NAME_LENGTH, MODEL_LIMITS, TASK_STATES } from '#core';
import type { Problem } from '../http/problem.ts';
import { limitKey, type ModelBody } from '../presenters/model-presenter.ts';
import type { TaskBody } from '../presenters/task-presenter.ts';
import { INSTANCE_SCHEMAS } from './instance-schemas.ts';
import type { Json } from './references.ts';
import { count, list, moment, nullable, nullableMoment, object, type Properties, text, truth } from './schema-parts.ts';

const TASK_ERROR = object('Why a task has no result.', {
  code: text('A stable word for programs.'),
  message: text('A sentence for people.'),
  retryable: truth('Whether the same request may succeed later.'),
} satisfies Properties<NonNullable<TaskBody['error']>>);

const TIMINGS = {
  queued_ms: count('From submit to the start of the last run.'),
  run_ms: count('The last run.'),
  total_ms: count('From submit to the end.'),
} satisfies Properties<Required<TaskBody['timings']>>;

const { result, position, estimated_start, ...TASK_SUMMARY } = {
  id: { type: 'string', format: 'uuid', description: 'A UUID of version 7.' },
  model: text('The name of the model.'),
  state: { type: 'string', enum: TASK_STATES, description: 'The last four are terminal: nothing changes any more.' },
  created_at: moment('When it was submitted.'),
  started_at: nullableMoment('When its last run started.'),
  ended_at: nullableMoment('When it ended.'),
  attempts: count('Runs charged to the task, the current one included.'),
  result: { description: "The model's response message; null until the task has succeeded." },
  position: { type: 'integer', minimum: 1, description: 'Of a queued task: how many wait, itself included.' },
  estimated_start: moment('Of a queued task: an estimate, never a promise.'),
  error: { anyOf: [{ $ref: '#/components/schemas/TaskError' }, { type: 'null' }], description: 'Null unless failed.' },
  timings: object('What is known yet, in milliseconds.', TIMINGS, Object.keys(TIMINGS)),
  links: object('Where to go from here.', { self: { type: 'string', format: 'uri-reference' } }),
} satisfies Properties<Required<TaskBody>>;

const PROBLEM = {
  type: { type: 'string', format: 'uri-reference', description: 'A stable name, below `/problems/`.' },
  title: text('The same for people.'),
  status: { type: 'integer', minimum: 400, maximum: 599, description: 'The HTTP status.' },
  detail: text('What went wrong this time.'),
  instance: { type: 'string', format: 'uri-reference', description: 'The path that was asked for.' },
  errors: {
    type: 'array',
    description: 'Everything that is wrong with the body.',
    items: object('One thing that is wrong.', {
      pointer: text('Where it is in the body, as a JSON pointer (RFC 6901).'),
      message: text('What is wrong with it.'),
    }),
  },
} satisfies Properties<Required<Problem>>;

const MODEL = {
  name: { type: 'string', maxLength: MAX_MODEL_NAME_LENGTH },
  state: { type: 'string', enum: ['active', 'asleep'], description: 'Asleep: no instance is serving it.' },
  live_instances: count('Instances that are serving it.'),
  backlog: nullable('integer', 'Tasks waiting; null while the queue cannot be asked. May be seconds behind.'),
  request_message: text('The full name of its request message.'),
  response_message: text('The full name of its response message.'),
} satisfies Properties<ModelBody>;

const limitSchema = (name: LimitName): Json => {
  const { default: fallback, meaning, otherwise } = MODEL_LIMITS[name];
  if (typeof fallback === 'boolean') return truth(meaning);
  return otherwise === undefined ? count(meaning) : nullable('integer', `${meaning} Null: ${otherwise}.`);
};

const LIMITS = Object.fromEntries(LIMIT_NAMES.map((name) => [limitKey(name), limitSchema(name)]));

const DETAILED_MODEL = {
  description: { type: 'string' },
  variants: list({ type: 'string' }, 'The default first; empty: it has none.'),
  limits: object('What it promises and demands.', LIMITS),
  schemas: object('Its messages as JSON Schema (2020-12).', {
    request: { type: 'object' },
    response: { type: 'object' },
  }),
};

/** The schemas of everything that is not a message of a model. */
export const SCHEMA_COMPONENTS: Json = {
  Task: object('A prediction request to a model.', { ...TASK_SUMMARY, position, estimated_start, result }, [
    'position',
    'estimated_start',
  ]),
  TaskSummary: object('A task without its result.', TASK_SUMMARY),
  TaskPage: object('Tasks, newest first.', {
    tasks: list({ $ref: '#/components/schemas/TaskSummary' }),
    next_cursor: nullable('string', 'Asks for the next page; null on the last one.'),
  }),
  TaskError: TASK_ERROR,
  Model: object('A model.', MODEL),
  DetailedModel: object('A model with its limits and schemas.', { ...MODEL, ...DETAILED_MODEL }),
  ModelList: object('Models by name.', { models: list({ $ref: '#/components/schemas/Model' }) }),
  Health: object('How the API is.', { status: { type: 'string', enum: ['ok', 'ready'] } }),
  ...INSTANCE_SCHEMAS,
  Problem: object('What went wrong (RFC 9457).', PROBLEM, ['errors']),
};
