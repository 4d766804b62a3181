import type { ErrorCode } from '#core';
import { PROBLEM_TYPE } from '../http/media-types.ts';
import { namedProblem, STATUS } from '../http/problem.ts';
import { HEADERS } from './headers.ts';
import type { Json } from './references.ts';

/** What each problem means to a caller. */
const MEANINGS: Record<ErrorCode, string> = {
  unreadable_body: 'The body cannot be read as what its Content-Type says.',
  invalid_request: 'The URL or a header is not as it must be.',
  invalid_input: 'The body can be read, but is not valid; `errors` points at everything that is wrong.',
  unauthenticated: 'Nobody known is asking.',
  forbidden: 'The caller may not do this.',
  route_not_found: 'There is nothing at this address.',
  model_not_found: 'There is no model of this name.',
  task_not_found: 'There is no task of this id.',
  instance_not_found: 'There is no instance of this id.',
  method_not_allowed: 'This method cannot be used at this address.',
  not_acceptable: 'The answer is not available as any type that the Accept header wants.',
  idempotency_conflict: 'The Idempotency-Key was used before, with another body.',
  contract_conflict: 'Another contract is registered under this name.',
  instance_limit: 'The model has as many instances as it may have.',
  instance_uncontrolled: 'Nobody here can start or stop instances.',
  task_ended: 'The task has ended already.',
  body_too_large: 'The body is larger than 10 MiB.',
  unsupported_media_type: 'The body is of a type that is not understood.',
  backlog_full: 'Too many tasks of the model are waiting; nothing was accepted.',
  no_live_instance: 'No instance of the model is running and none may be woken; nothing was accepted.',
  queue_unavailable: 'The queue cannot be reached; nothing was accepted.',
  store_unavailable: 'The task store cannot be reached.',
  registry_unavailable: 'The registry cannot be reached.',
  bad_gateway: 'The handler answered nothing that can be sent.',
  gateway_timeout: 'The answer took too long.',
  internal: 'Something went wrong here.',
};

/** What can go wrong with every request. */
const ALWAYS = [
  'invalid_request',
  'internal',
  'bad_gateway',
  'gateway_timeout',
] as const satisfies readonly ErrorCode[];

/** A response per status of the problems: by status for an operation, and by name for the components. */
export interface ProblemResponses {
  readonly byStatus: Json;
  readonly components: Json;
}

/** Describes problems, and those that every request can have. Operations with the same ones share a component. */
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
