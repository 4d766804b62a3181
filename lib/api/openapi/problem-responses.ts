import type { ErrorCode } from '#core';
import { PROBLEM_TYPE } from '../http/negotiation.ts';
import { namedProblem, STATUS } from '../http/problem.ts';
import { HEADERS } from './headers.ts';
import type { Json } from './message-schemas.ts';

/** Descriptions of problems. */
const MEANINGS: Record<ErrorCode, string> = {
  unreadable_body: 'The body does not match its Content-Type.',
  invalid_request: 'A parameter or a header is malformed.',
  invalid_input: 'The body is not a valid request message. `errors` has a pointer to each invalid field.',
  unauthenticated: 'The caller is not authenticated.',
  forbidden: 'The caller may not do this.',
  route_not_found: 'There is no such route.',
  model_not_found: 'There is no model of this name.',
  task_not_found: 'There is no task of this id.',
  batch_not_found: 'There is no batch of this id.',
  instance_not_found: 'There is no instance of this id.',
  user_not_found: 'There is no user of this id.',
  key_not_found: 'The caller has no key of this id.',
  method_not_allowed: 'The route does not support this method.',
  not_acceptable: 'None of the types of the Accept header is available.',
  idempotency_conflict: 'The Idempotency-Key was used with another body.',
  contract_conflict: 'An incompatible contract is registered under this name.',
  instance_limit: 'The model has `maxInstances` instances.',
  resource_not_found: 'There is nothing of this name.',
  conflict: 'The state does not allow this.',
  instance_uncontrolled: 'This deployment cannot launch or stop this instance.',
  task_ended: 'The task has ended.',
  task_not_retryable: 'Only tasks that failed or expired can run again, and their request must be known.',
  name_taken: 'The user name is taken.',
  body_too_large: 'The body is larger than 10 MiB.',
  unsupported_media_type: 'The type of the body is not supported.',
  backlog_full: 'Too many tasks of the model wait. Nothing was accepted.',
  too_many_requests: 'Too many requests at once.',
  no_live_instance:
    'No instance of the model is running, and the model does not accept tasks then. Nothing was accepted.',
  model_failing: 'The model does not start, and it does not accept tasks then. `detail` has the reason.',
  queue_unavailable: 'The queue cannot be reached; nothing was accepted.',
  store_unavailable: 'The task store cannot be reached.',
  registry_unavailable: 'The registry cannot be reached.',
  bad_gateway: 'The handler returned no valid response.',
  gateway_timeout: 'The handler took too long.',
  internal: 'An internal error.',
};

/** Problems of every request. */
const ALWAYS = [
  'invalid_request',
  'too_many_requests',
  'internal',
  'bad_gateway',
  'gateway_timeout',
] as const satisfies readonly ErrorCode[];

/** One response per status: by status for an operation, by name for the components. */
export interface ProblemResponses {
  readonly byStatus: Json;
  readonly components: Json;
}

/** Responses for these problems and those of every request. Equal sets share a component. */
export function problemResponses(codes: readonly ErrorCode[]): ProblemResponses {
  const groups = Map.groupBy(new Set<ErrorCode>([...codes, ...ALWAYS]), (code) => STATUS[code]);
  const named = [...groups]
    .sort(([a], [b]) => a - b)
    .map(([status, group]) => ({ status, group, name: group.map(pascalCase).join('Or') }));
  return {
    byStatus: Object.fromEntries(named.map(({ status, name }) => [status, { $ref: `#/components/responses/${name}` }])),
    components: Object.fromEntries(named.map(({ status, group, name }) => [name, response(status, group)])),
  };
}

const response = (status: number, codes: readonly ErrorCode[]): Json => ({
  description: codes.map((code) => (codes.length > 1 ? `- ${MEANINGS[code]}` : MEANINGS[code])).join('\n'),
  headers: status === 429 || status === 503 ? { ...HEADERS.requestId, ...HEADERS.retryAfter } : HEADERS.requestId,
  content: {
    [PROBLEM_TYPE]: {
      schema: { $ref: '#/components/schemas/Problem' },
      examples: Object.fromEntries(codes.map((code) => [code, { value: exampleProblem(code) }])),
    },
  },
});

const exampleProblem = (code: ErrorCode): Json => ({
  ...namedProblem(code, STATUS[code], MEANINGS[code].replace(/;.*$/, '.'), '/models'),
  ...(code === 'invalid_input' ? { errors: [{ pointer: '/value', message: 'Must be a number.' }] } : {}),
});

const pascalCase = (code: string): string =>
  code.replaceAll(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
