import {
  INSTANCE_PHASES,
  INSTANCE_STATES,
  LIMIT_NAMES,
  type LimitName,
  MODEL_CONDITIONS,
  MODEL_LIMITS,
  TASK_STATES,
} from '#core';
import type { Problem } from '../http/problem.ts';
import { type InstanceBody, limitKey, type ModelBody } from '../presenters/model-presenter.ts';
import type { TaskBody } from '../presenters/task-presenter.ts';
import { BATCH_SCHEMAS } from './batch-routes.ts';
import type { Json } from './message-schemas.ts';
import { count, list, moment, nullable, nullableMoment, object, type Properties, text, truth } from './schema-parts.ts';
import { LOG_SCHEMAS, STATS_SCHEMAS } from './stats-schemas.ts';
import { STEERING_SCHEMAS } from './steering-routes.ts';
import { TASK_LINKS, UPLOAD_SCHEMAS } from './upload-routes.ts';
import { WEBHOOK_SCHEMAS } from './webhook-routes.ts';

const FAILURE = {
  anyOf: [{ $ref: '#/components/schemas/StartFailure' }, { type: 'null' }],
  description: 'Why the model does not start; null unless its last start failed.',
};

const INSTANCE = {
  id: text('The id of the instance.'),
  model: text('The name of the model.'),
  state: {
    type: 'string',
    enum: INSTANCE_STATES,
    description:
      'Starting: the model is being set up. Ready: receives tasks. Draining: finishes its runs. Failing: its last start failed.',
  },
  phase: {
    type: ['string', 'null'],
    enum: [...INSTANCE_PHASES, null],
    description:
      'Before the state applies: provisioning of a machine, pulling of the image. Null where the platform cannot tell.',
  },
  condition: {
    type: ['string', 'null'],
    enum: [...MODEL_CONDITIONS, null],
    description:
      'model_blocked: the model does not respond. model_restarting: the model process has ended and starts again.',
  },
  failure: FAILURE,
  variant: nullable('string', 'The variant; null for a model without variants.'),
  started_at: nullableMoment('Start time; null until the first heartbeat.'),
  last_heartbeat_at: nullableMoment('Time of the last heartbeat; null until the first one.'),
  slots: nullable('integer', 'Maximum number of concurrent runs.'),
  in_flight: nullable('integer', 'Current runs.'),
  service_ms: nullable('number', 'Moving average of a run in milliseconds; null before the first run.'),
  memory_mib: nullable('number', 'Memory of its processes in MiB; null before the first heartbeat.'),
  version: nullable('string', 'The deployed version of its weights; null for a model without versions.'),
  image: text('The container image or command.'),
  endpoint: nullable('string', 'Base URL of the health port. It may be reachable only inside the deployment.'),
} satisfies Properties<InstanceBody>;

const ONE_OF_THEM = object('An instance.', {
  id: text('The id of the instance.'),
  name: text('The name on the platform.'),
  status: { type: 'string', enum: INSTANCE_STATES },
  image: list({ type: 'string' }, 'The container image.'),
});

const DONE = { status: { type: 'string', enum: ['success'] }, message: text('A description of the action.') };

const INSTANCE_SCHEMAS: Json = {
  StartFailure: object('The failed starts of a model.', {
    reason: text('Why the last one failed.'),
    count: count('Failed starts in a row.'),
    last_at: nullableMoment('Time of the last one.'),
  }),
  Instance: object('A running instance of a model.', INSTANCE),
  InstanceList: object('Instances of a model.', { instances: list({ $ref: '#/components/schemas/Instance' }) }),
  StoppingInstance: object('A draining instance.', {
    id: text('The id of the instance.'),
    model: text('The name of the model.'),
    state: { type: 'string', enum: ['draining'] },
  }),
  Prediction: object('A prediction in flat form.', {
    message: { type: 'string' },
    input: { description: 'The request body.' },
    model: text('The variant that the result names, or the model.'),
    prediction: list({}, 'The numbers of the result in field order, or the whole result if it has no numbers.'),
  }),
  GatewayServices: object('Instances that predict.', { 'Services:': list({ type: 'string' }) }),
  GatewayModels: object('Instances that predict, with their variants.', {
    models_by_service: { type: 'object', additionalProperties: list({ type: 'string' }) },
    services: list({ type: 'string' }),
  }),
  GatewayLaunch: object('A launched instance.', {
    ...DONE,
    container_id: text('The id of the instance.'),
    container_name: text('The name on the platform.'),
  }),
  GatewayInstances: object('Instances of a model or a variant.', {
    model: text('The name.'),
    instances: list(ONE_OF_THEM),
  }),
  GatewayShutdown: object('A stopped instance.', DONE),
};

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

const { result, position, estimated_start, progress, ...TASK_SUMMARY } = {
  id: { type: 'string', format: 'uuid', description: 'A UUID of version 7.' },
  model: text('The name of the model.'),
  state: { type: 'string', enum: TASK_STATES, description: 'The last four states are final.' },
  created_at: moment('Time of the submit.'),
  started_at: nullableMoment('Start of the last run.'),
  ended_at: nullableMoment('End of the task.'),
  attempts: count('Runs charged to the task, the current one included.'),
  result: { description: "The model's response message; null until the task has succeeded." },
  progress: object('The last progress report of the model. Absent without one.', {
    fraction: nullable('number', 'From 0 to 1.'),
    message: nullable('string', 'What it does.'),
    at: moment('Time of the report.'),
  }),
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
  links: TASK_LINKS,
} satisfies Properties<Required<TaskBody>>;

const resultStatus = (status: string): Json => ({
  task_id: { type: 'string', format: 'uuid', description: 'The id of the task.' },
  status: { type: 'string', enum: [status] },
});

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
  task: { $ref: '#/components/schemas/TaskSummary' },
} satisfies Properties<Required<Problem>>;

const MODEL = {
  name: text('The name in URLs: with `@` and the contract version, except for version 1.'),
  contract_version: count('The contract version.'),
  default_version: nullable('integer', 'The contract version that the bare name means. Null except for version 1.'),
  state: {
    type: 'string',
    enum: ['active', 'asleep', 'failing'],
    description: 'Asleep: the model has no ready instance. Failing: nor does it start.',
  },
  live_instances: count('Ready instances.'),
  backlog: nullable('integer', 'Waiting tasks; null while the queue is unavailable. May be seconds old.'),
  request_message: nullable('string', 'Full name of the request message; null for a model that has never started.'),
  response_message: nullable('string', 'Full name of the response message; null for a model that has never started.'),
  failure: FAILURE,
  dead_letters: nullable(
    'integer',
    'Tasks that were given up, counted up to 1,000. Only with `?dead_letters=true`; null while unknown.',
  ),
} satisfies Properties<Required<ModelBody>>;

const limitSchema = (name: LimitName): Json => {
  const { default: fallback, meaning, otherwise } = MODEL_LIMITS[name];
  if (typeof fallback === 'boolean') return truth(meaning);
  if (name === 'acceptWhenFailing') return nullable('boolean', `${meaning} Null: ${otherwise}.`);
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
  Task: object('A prediction request to a model.', { ...TASK_SUMMARY, position, estimated_start, progress, result }, [
    'position',
    'progress',
    'estimated_start',
  ]),
  SubmittedTask: {
    allOf: [
      { $ref: '#/components/schemas/Task' },
      object('The id again.', { task_id: { type: 'string', format: 'uuid', description: 'The same as `id`.' } }),
    ],
  },
  TaskSummary: object(
    'A task without its result.',
    { ...TASK_SUMMARY, user_id: text('Whose it is. Only where an admin asks for tasks of others.') },
    ['user_id'],
  ),
  TaskResult: object('The result of a task.', {
    ...resultStatus('completed'),
    result: { description: "The model's response message as canonical proto3 JSON." },
  }),
  TaskInProgress: object('A task that has not ended.', resultStatus('in_progress')),
  TaskPage: object('Tasks, newest first.', {
    tasks: list({ $ref: '#/components/schemas/TaskSummary' }),
    next_cursor: nullable('string', 'Cursor of the next page; null on the last one.'),
  }),
  TaskError: TASK_ERROR,
  Model: object('A model.', MODEL, ['dead_letters']),
  ModelChange: object('A change of a model.', { default_version: count('The contract version of the bare name.') }),
  ChangedModel: object('A changed model.', { name: text('The name.'), default_version: count('Its default.') }),
  DetailedModel: object('A model with its limits and schemas.', { ...MODEL, ...DETAILED_MODEL }, ['dead_letters']),
  ModelList: object('Models by name.', { models: list({ $ref: '#/components/schemas/Model' }) }),
  Health: object('The health of the API.', { status: { type: 'string', enum: ['ok', 'ready'] } }),
  ...INSTANCE_SCHEMAS,
  ...LOG_SCHEMAS,
  ...STATS_SCHEMAS,
  ...STEERING_SCHEMAS,
  ...BATCH_SCHEMAS,
  ...UPLOAD_SCHEMAS,
  ...WEBHOOK_SCHEMAS,
  Problem: object('A problem (RFC 9457).', PROBLEM, ['errors', 'task']),
};
