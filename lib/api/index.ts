export { negotiate, preferredType } from './accept.ts';
export { type CacheableText, cacheableAnswer, etagOf } from './cacheable.ts';
export { bodyType } from './content-type.ts';
export { corsHeaders } from './cors.ts';
export {
  presentAvailable,
  presentContainers,
  presentLaunched,
  presentPrediction,
  presentServices,
  presentShutdown,
} from './gateway-presenter.ts';
export { createHandlerDeps, type HandlerDeps } from './handler-deps.ts';
export { HeaderFields, headersOf } from './header-fields.ts';
export { type HttpHandler, httpHandler, json } from './http.ts';
export { bodyTooLarge, type Caller, type HttpRequest, pathOf, requestIdOf } from './http-request.ts';
export { type InstanceBody, instancePath, presentInstance } from './instance-presenter.ts';
export { launchVariant } from './launch-body.ts';
export {
  BINARY_TYPES,
  JSON_SCHEMA_TYPE,
  JSON_TYPE,
  type MediaType,
  PROBLEM_TYPE,
  PROTOBUF_TYPE,
} from './media-types.ts';
export { type Counts, type Metrics, noMetrics } from './metrics.ts';
export { type ModelBody, presentLimits, presentModel } from './model-presenter.ts';
export { type DocumentedModel, type MessageSchemas, messageSchemas, openApiDocument } from './openapi/index.ts';
export { MAX_WAIT_SECONDS, parsePrefer, type WaitPreference, waitPreference } from './prefer.ts';
export {
  isServerFault,
  namedProblem,
  type Problem,
  problemOf,
  problemResponse,
  STATUS,
  sendProblem,
} from './problem.ts';
export type { ProxyContext, ProxyEvent, ProxyHandler, ProxyResult } from './proxy.ts';
export { encodeRequest } from './request-body.ts';
export { resultProblem } from './result-problem.ts';
export { createRouter, decodeComponent, type RouteMatch } from './router.ts';
export { HANDLER_NAMES, type HandlerName, METHODS, type Method, ROUTES, type Route, type RoutePath } from './routes.ts';
export { type SubmitOptions, submitOptions } from './submit-headers.ts';
export { SUBMIT_ROUTES } from './submit-routes.ts';
export { submittedAnswer, taskAnswer } from './task-answers.ts';
export { presentTask, summarizeTask, type TaskBody, type TaskSummaryBody, taskPath } from './task-presenter.ts';
export { traceOf } from './trace-context.ts';
export { unroutedAnswer } from './unrouted.ts';
