import { type Contract, exampleOf } from '#contract';
import type { ErrorCode, ModelSummary } from '#core';
import { JSON_TYPE, PROTOBUF_TYPE } from '../http/negotiation.ts';
import type { Route } from '../http/routes.ts';
import { HEADERS, PARAMETERS } from './headers.ts';
import type { Json, MessageSchemas } from './message-schemas.ts';
import { BODY_PROBLEMS, binarySchema, type FIXED_TAGS, jsonResponse, response, schemaRef } from './route-doc.ts';
import { summaryOf } from './route-summaries.ts';

export interface DocumentedModel extends Pick<ModelSummary, 'model' | 'contract'> {
  readonly descriptor: Contract;
}

/** Problems of a submit, besides those of every request. */
export const SUBMIT_PROBLEMS = [
  ...BODY_PROBLEMS,
  'model_not_found',
  'not_acceptable',
  'idempotency_conflict',
  'backlog_full',
  'no_live_instance',
  'model_failing',
  'queue_unavailable',
  'store_unavailable',
  'registry_unavailable',
] as const satisfies readonly ErrorCode[];

/** Headers of every submit. */
export const SUBMIT_PARAMETERS = [
  PARAMETERS.prefer,
  PARAMETERS.idempotencyKey,
  PARAMETERS.routingKey,
  PARAMETERS.taskPriority,
  PARAMETERS.taskDeadline,
  PARAMETERS.taskTimeout,
  PARAMETERS.webhookUrl,
  PARAMETERS.webhookEvents,
  PARAMETERS.traceparent,
  PARAMETERS.tracestate,
];

const TASK_HEADERS = { ...HEADERS.location, ...HEADERS.retryAfter, ...HEADERS.preferenceApplied };

/** Per route: prefix of the operation id, description and tag. */
interface Flavour {
  readonly verb: string;
  readonly description: string;
  readonly tag?: keyof typeof FIXED_TAGS;
}

const PREDICT: Flavour = {
  verb: 'predict',
  description:
    'Waits up to 20 seconds for the end of the task. `Prefer: wait=N` (0–25) changes the time. A task that ends without ' +
    'a result is answered 422 (invalid input), 504 (timeout) or 500, with the task in the problem.',
};
const FLAT_PREDICT: Flavour = { ...PREDICT, verb: 'predict_flat', tag: 'Gateway style' };
const SUBMIT: Flavour = {
  verb: 'submit',
  description: 'Returns at once. With `Prefer: wait=N` (0–25) it waits up to N seconds for the end of the task.',
};

const flavourOf = (path: string): Flavour => {
  if (path.startsWith('/api/')) return FLAT_PREDICT;
  return path.startsWith('/predict/') ? PREDICT : SUBMIT;
};

/** The operation of a submit route for one model, without problems. */
export function modelOperation(route: Route, documented: DocumentedModel, messages: MessageSchemas): Json {
  const { name } = documented.model;
  const { verb, description, tag } = flavourOf(route.path);
  return {
    operationId: `${verb}_${name}`,
    tags: [tag ?? name],
    summary: `${summaryOf(route)} (${name})`,
    description,
    parameters: SUBMIT_PARAMETERS,
    requestBody: requestBody(documented, messages),
    responses:
      tag === undefined ? taskResponses(documented, messages, verb === PREDICT.verb) : flatResponses(documented),
  };
}

const requestBody = ({ contract, descriptor }: DocumentedModel, { request }: MessageSchemas): Json => ({
  required: true,
  description: `The message \`${contract.requestMessage}\`: as canonical proto3 JSON or in binary form.`,
  content: {
    [JSON_TYPE]: { schema: schemaRef(request), example: exampleOf(descriptor, 'request') },
    [PROTOBUF_TYPE]: { schema: binarySchema(PROTOBUF_TYPE, `The encoded \`${contract.requestMessage}\`.`) },
  },
});

function taskResponses(
  { model, contract, descriptor }: DocumentedModel,
  { response: message }: MessageSchemas,
  isBinaryOffered: boolean,
): Json {
  const task = {
    allOf: [
      schemaRef('SubmittedTask'),
      { type: 'object', properties: { result: { anyOf: [schemaRef(message), { type: 'null' }] } } },
    ],
  };
  const example = exampleTask(model.name, exampleOf(descriptor, 'response'));
  const binary = {
    schema: binarySchema(PROTOBUF_TYPE, `The encoded \`${contract.responseMessage}\`, without its task.`),
  };
  const ended = { [JSON_TYPE]: { schema: task, example }, ...(isBinaryOffered ? { [PROTOBUF_TYPE]: binary } : {}) };
  return {
    '200': response('The task has ended.', ended, { ...HEADERS.location, ...HEADERS.preferenceApplied }),
    '202': response(
      'The task was accepted and has not ended yet.',
      { [JSON_TYPE]: { schema: task, example: queuedTask(model.name) } },
      TASK_HEADERS,
    ),
  };
}

const flatResponses = ({ model }: DocumentedModel): Json => ({
  '200': jsonResponse(`The prediction of ${model.name}.`, schemaRef('Prediction')),
  '202': jsonResponse('The task was accepted and has not ended yet.', schemaRef('SubmittedTask'), TASK_HEADERS),
});

const EXAMPLE_ID = '01a1fc9e-9598-779d-b255-88a702ba3943';

const queuedTask = (model: string): Json => ({
  ...{ ...exampleTask(model, null), state: 'queued', started_at: null, ended_at: null, attempts: 0 },
  ...{ timings: {}, position: 1, links: { ...LINKS, cancel: `${LINKS.self}/cancel` } },
});

const LINKS = { self: `/tasks/${EXAMPLE_ID}` };

const exampleTask = (model: string, result: unknown): Json => ({
  id: EXAMPLE_ID,
  task_id: EXAMPLE_ID,
  model,
  state: 'succeeded',
  created_at: '2026-11-21T05:40:13.848Z',
  started_at: '2026-11-21T05:40:13.878Z',
  ended_at: '2026-11-21T05:40:13.880Z',
  attempts: 1,
  result,
  error: null,
  timings: { queued_ms: 30, run_ms: 2, total_ms: 32 },
  links: LINKS,
});
