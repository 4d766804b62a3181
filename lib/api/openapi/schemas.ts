import { LIMIT_NAMES, type LimitName, MAX_MODEL_NAME_LENGTH, MODEL_LIMITS, TASK_STATES } from '#core';
import type { Problem } from '../http/problem.ts';
import { limitKey, type ModelBody } from '../presenters/model-presenter.ts';
import type { TaskBody } from '../presenters/task-presenter.ts';
import { INSTANCE_SCHEMAS } from './instance-schemas.ts';
import type { Json } from './references.ts';
import { count, list, moment, nullable, nullableMoment, object, type Properties, text, truth } from './schema-parts.ts';

const TASK_ERROR = object('The error of a task.', {
  code: text('A stable code.'),
  message: text('A description.'),
  retryable: truth('Whether the same request may succeed later.'),
} satisfies Properties<NonNullable<TaskBody['error']>>);

const TIMINGS = {
  queued_ms: count('Time from submit to the start of the last run.'),
  run_ms: count('Duration of the last run.'),
  total_ms: count('Time from submit to the end.'),
} satisfies Properties<Required<TaskBody['timings']>>;

const { result, position, estimated_start, ...TASK_SUMMARY } = {
  id: { type: 'string', format: 'uuid', description: 'A UUID of version 7.' },
  model: text('The name of the model.'),
  state: { type: 'string', enum: TASK_STATES, description: 'The last four states are final.' },
  created_at: moment('Time of the submit.'),
  started_at: nullableMoment('Start of the last run.'),
  ended_at: nullableMoment('End of the task.'),
  attempts: count('Runs charged to the task, the current one included.'),
  result: { description: "The model's response message; null until the task has succeeded." },
  position: {
    type: 'integer',
    minimum: 1,
    description: 'Number of waiting tasks, this one included. For queued tasks.',
  },
  estimated_start: moment('Estimated start. For queued tasks.'),
  error: {
    anyOf: [{ $ref: '#/components/schemas/TaskError' }, { type: 'null' }],
    description: 'Null unless the task failed or expired.',
  },
  timings: object('Known durations in milliseconds.', TIMINGS, Object.keys(TIMINGS)),
  links: object('Related resources.', { self: { type: 'string', format: 'uri-reference' } }),
} satisfies Properties<Required<TaskBody>>;

const PROBLEM = {
  type: { type: 'string', format: 'uri-reference', description: 'A stable URI reference below `/problems/`.' },
  title: text('The title of the type.'),
  status: { type: 'integer', minimum: 400, maximum: 599, description: 'The HTTP status.' },
  detail: text('A description of this occurrence.'),
  instance: { type: 'string', format: 'uri-reference', description: 'The path of the request.' },
  errors: {
    type: 'array',
    description: 'Invalid fields of the body.',
    items: object('One invalid field.', {
      pointer: text('JSON pointer (RFC 6901) into the body.'),
      message: text('The reason.'),
    }),
  },
} satisfies Properties<Required<Problem>>;

const MODEL = {
  name: { type: 'string', maxLength: MAX_MODEL_NAME_LENGTH },
  state: { type: 'string', enum: ['active', 'asleep'], description: 'Asleep: the model has no ready instance.' },
  live_instances: count('Ready instances.'),
  backlog: nullable('integer', 'Waiting tasks; null while the queue is unavailable. May be seconds old.'),
  request_message: text('Full name of the request message.'),
  response_message: text('Full name of the response message.'),
} satisfies Properties<ModelBody>;

const limitSchema = (name: LimitName): Json => {
  const { default: fallback, meaning, otherwise } = MODEL_LIMITS[name];
  if (typeof fallback === 'boolean') return truth(meaning);
  return otherwise === undefined ? count(meaning) : nullable('integer', `${meaning} Null: ${otherwise}.`);
};

const LIMITS = Object.fromEntries(LIMIT_NAMES.map((name) => [limitKey(name), limitSchema(name)]));

const DETAILED_MODEL = {
  description: { type: 'string' },
  variants: list({ type: 'string' }, 'The default first. Empty for a model without variants.'),
  limits: object('Limits from the manifest.', LIMITS),
  schemas: object('Messages as JSON Schema (2020-12).', {
    request: { type: 'object' },
    response: { type: 'object' },
  }),
};

/** All schemas except model messages. */
export const SCHEMA_COMPONENTS: Json = {
  Task: object('A prediction request to a model.', { ...TASK_SUMMARY, position, estimated_start, result }, [
    'position',
    'estimated_start',
  ]),
  TaskSummary: object('A task without its result.', TASK_SUMMARY),
  TaskPage: object('Tasks, newest first.', {
    tasks: list({ $ref: '#/components/schemas/TaskSummary' }),
    next_cursor: nullable('string', 'Cursor of the next page; null on the last one.'),
  }),
  TaskError: TASK_ERROR,
  Model: object('A model.', MODEL),
  DetailedModel: object('A model with its limits and schemas.', { ...MODEL, ...DETAILED_MODEL }),
  ModelList: object('Models by name.', { models: list({ $ref: '#/components/schemas/Model' }) }),
  Health: object('The health of the API.', { status: { type: 'string', enum: ['ok', 'ready'] } }),
  ...INSTANCE_SCHEMAS,
  Problem: object('A problem (RFC 9457).', PROBLEM, ['errors']),
};
