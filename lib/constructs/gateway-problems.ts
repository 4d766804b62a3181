import { ResponseType, type RestApi } from 'aws-cdk-lib/aws-apigateway';
import { PROBLEM_TYPE } from '#api/http/negotiation.ts';
import { namedProblem, STATUS } from '#api/http/problem.ts';
import type { ErrorCode } from '#core';

/** Errors of API Gateway itself, with our codes. */
const REFUSALS = [
  // API Gateway's name for an unknown path.
  [ResponseType.MISSING_AUTHENTICATION_TOKEN, 'route_not_found', 'There is no such route.'],
  [ResponseType.RESOURCE_NOT_FOUND, 'route_not_found', 'There is no such route.'],
  [ResponseType.BAD_REQUEST_PARAMETERS, 'invalid_request', undefined],
  [ResponseType.BAD_REQUEST_BODY, 'invalid_request', undefined],
  [ResponseType.UNAUTHORIZED, 'unauthenticated', 'The bearer token is missing or invalid.'],
  [ResponseType.ACCESS_DENIED, 'forbidden', 'The caller may not use this route.'],
  [ResponseType.INVALID_API_KEY, 'forbidden', 'The API key is missing or invalid.'],
  [ResponseType.REQUEST_TOO_LARGE, 'body_too_large', 'The body is larger than 10 MB.'],
  [ResponseType.UNSUPPORTED_MEDIA_TYPE, 'unsupported_media_type', 'The type of the body is not supported.'],
  [ResponseType.THROTTLED, 'too_many_requests', 'Too many requests. Retry later.'],
  [ResponseType.QUOTA_EXCEEDED, 'too_many_requests', 'The quota of this API key is exhausted.'],
  [ResponseType.INTEGRATION_TIMEOUT, 'gateway_timeout', 'The handler took too long.'],
  [ResponseType.INTEGRATION_FAILURE, 'bad_gateway', 'The handler returned no valid response.'],
  [ResponseType.DEFAULT_5XX, 'internal', 'An internal error occurred. The request may be retried.'],
] as const satisfies readonly (readonly [ResponseType, ErrorCode, string | undefined])[];

/** Makes API Gateway answer its own errors as problem details. */
export function answerInProblems(api: RestApi, corsOrigins: readonly string[]): void {
  // Pages of all origins may read these errors. Otherwise they could not tell them from network errors.
  const cors: Record<string, string> = corsOrigins.length === 0 ? {} : { 'Access-Control-Allow-Origin': "'*'" };
  for (const [type, code, detail] of REFUSALS) {
    const retryAfter: Record<string, string> = STATUS[code] === 429 ? { 'Retry-After': "'1'" } : {};
    api.addGatewayResponse(`${type.responseType}Problem`, {
      type,
      statusCode: String(STATUS[code]),
      responseHeaders: {
        'Content-Type': `'${PROBLEM_TYPE}'`,
        'X-Request-Id': 'context.requestId',
        ...retryAfter,
        ...cors,
      },
      templates: { 'application/json': template(code, detail) },
    });
  }
}

/** Without a detail, API Gateway inserts its own quoted message. */
function template(code: ErrorCode, detail: string | undefined): string {
  const problem = namedProblem(code, STATUS[code], detail ?? 'DETAIL', '$context.path');
  return JSON.stringify(problem).replace('"DETAIL"', '$context.error.messageString');
}
