import { ResponseType, type RestApi } from 'aws-cdk-lib/aws-apigateway';
import type { IMetric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct, IConstruct } from 'constructs';
import { PROBLEM_TYPE } from '#api/http/negotiation.ts';
import { CHALLENGE, HTTPS_ONLY, NEVER_STORED, NO_SNIFFING, namedProblem, STATUS } from '#api/http/problem.ts';
import type { HandlerName, Method, Route } from '#api/http/routes.ts';
import type { ErrorCode } from '#core';
import { acknowledge } from './acknowledge.ts';
import type { FirewallConfig } from './firewall.ts';

export interface HttpApiProps {
  readonly routes: readonly Route[];
  readonly handlers: ReadonlyMap<HandlerName, IFunction>;
  /** Handles requests that match no route. */
  readonly unrouted: IFunction;
  /** Name in the console. */
  readonly name: string;
  readonly ratePerSecond: number;
  readonly burst: number;
  /** Origins that browsers may call from. Empty: none. */
  readonly corsOrigins: readonly string[];
  readonly logRetention: RetentionDays;
  readonly tracing: boolean;
  /** Authorizer of all routes that are not public. @default none */
  readonly authorizer?: IFunction | undefined;
  /** @default none */
  readonly firewall?: FirewallConfig | undefined;
}

/** An API Gateway API of either kind. */
export interface HttpApi extends Construct {
  /** Ends with a slash. */
  readonly url: string;
  readonly metrics: HttpApiMetrics;
  /** Adds routes in another stack, which `scope` is or is in. */
  extend(scope: Construct, added: AddedRoutes): void;
}

export interface AddedRoutes {
  readonly routes: readonly Route[];
  readonly handler: IFunction;
}

export interface HttpApiMetrics {
  requests(options?: MetricOptions): IMetric;
  /** Responses with 5xx. */
  serverErrors(options?: MetricOptions): IMetric;
  /** Responses with 4xx, including throttled requests. */
  clientErrors(options?: MetricOptions): IMetric;
  latency(options?: MetricOptions): IMetric;
}

/** One line of the access log, in variables of API Gateway. */
export const ACCESS_LOG_FORMAT = JSON.stringify({
  requestId: '$context.requestId',
  time: '$context.requestTime',
  ip: '$context.identity.sourceIp',
  method: '$context.httpMethod',
  route: '$context.resourcePath',
  status: '$context.status',
  bytes: '$context.responseLength',
  latencyMs: '$context.responseLatency',
  integrationMs: '$context.integrationLatency',
  error: '$context.error.message',
});

/** Acknowledges a route without authentication. `isGuarded`: whether the other routes have it. */
export function acknowledgeOpen(route: IConstruct, isGuarded: boolean): void {
  const reason = isGuarded
    ? 'A public route of the route table, such as logging in, or the answer to a request without a route.'
    : 'This stage is for emulators on one machine: everybody is its one local user.';
  acknowledge(route, { 'AwsSolutions-APIG4': reason });
}

export const OWN_AUTHORIZER =
  'The authorizer is a Lambda of this stage, which verifies its own tokens, API keys and those of any OpenID Connect issuer; the rule knows Cognito only.';

/** HEAD is handled as GET; API Gateway drops the body. */
export const methodsOf = ({ method }: Route): readonly ('HEAD' | Method)[] =>
  method === 'GET' ? ['GET', 'HEAD'] : [method];

/**
 * Cached results apply to every route, so the authorizer returns a policy for the whole stage. A disabled user is
 * refused after this time at the latest.
 */
export const AUTHORIZER_CACHE_SECONDS = 30;

/** Errors of API Gateway itself, with our codes. */
const REFUSALS = [
  // API Gateway's names for an unknown path: without and with a bearer token, which it takes for a signature of AWS.
  [ResponseType.MISSING_AUTHENTICATION_TOKEN, 'route_not_found', 'There is no such route.'],
  [ResponseType.INVALID_SIGNATURE, 'route_not_found', 'There is no such route.'],
  [ResponseType.RESOURCE_NOT_FOUND, 'route_not_found', 'There is no such route.'],
  [ResponseType.BAD_REQUEST_PARAMETERS, 'invalid_request', undefined],
  [ResponseType.BAD_REQUEST_BODY, 'invalid_request', undefined],
  [ResponseType.UNAUTHORIZED, 'unauthenticated', 'The bearer token is missing or invalid.'],
  [ResponseType.ACCESS_DENIED, 'forbidden', 'The caller may not use this route.'],
  [ResponseType.WAF_FILTERED, 'forbidden', 'The firewall has refused the request.'],
  [ResponseType.AUTHORIZER_FAILURE, 'store_unavailable', 'Callers cannot be verified now. Retry later.'],
  [ResponseType.REQUEST_TOO_LARGE, 'body_too_large', 'The body is larger than 10 MB.'],
  [ResponseType.UNSUPPORTED_MEDIA_TYPE, 'unsupported_media_type', 'The type of the body is not supported.'],
  [ResponseType.THROTTLED, 'too_many_requests', 'Too many requests. Retry later.'],
  [ResponseType.INTEGRATION_TIMEOUT, 'gateway_timeout', 'The handler took too long.'],
  [ResponseType.INTEGRATION_FAILURE, 'bad_gateway', 'The handler returned no valid response.'],
  // All others, such as an expired signature of AWS.
  [ResponseType.DEFAULT_4XX, 'invalid_request', undefined],
  [ResponseType.DEFAULT_5XX, 'internal', 'An internal error occurred. The request may be retried.'],
] as const satisfies readonly (readonly [ResponseType, ErrorCode, string | undefined])[];

/** Makes API Gateway answer its own errors as problem details. */
export function answerInProblems(api: RestApi, corsOrigins: readonly string[]): void {
  // Pages of all origins may read these errors. Otherwise they could not tell them from network errors.
  const cors: Record<string, string> = corsOrigins.length === 0 ? {} : { 'Access-Control-Allow-Origin': "'*'" };
  const security = quoted({ ...NO_SNIFFING, ...NEVER_STORED, ...HTTPS_ONLY });
  const challenge = { 'WWW-Authenticate': `'${CHALLENGE['WWW-Authenticate']}'` };
  for (const [type, code, detail] of REFUSALS) {
    const retryAfter: Record<string, string> = [429, 503].includes(STATUS[code]) ? { 'Retry-After': "'1'" } : {};
    api.addGatewayResponse(`${type.responseType}Problem`, {
      type,
      statusCode: String(STATUS[code]),
      responseHeaders: {
        'Content-Type': `'${PROBLEM_TYPE}'`,
        'X-Request-Id': 'context.requestId',
        ...security,
        ...retryAfter,
        ...(STATUS[code] === 401 ? challenge : {}),
        ...cors,
      },
      templates: { 'application/json': template(code, detail) },
    });
  }
}

/** Header values as API Gateway wants constants. */
const quoted = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, `'${value}'`]));

/** Without a detail, API Gateway inserts its own quoted message. */
function template(code: ErrorCode, detail: string | undefined): string {
  const problem = namedProblem(code, STATUS[code], detail ?? 'DETAIL', '$context.path');
  return JSON.stringify(problem).replace('"DETAIL"', '$context.error.messageString');
}
