export { negotiate, preferredType } from './http/accept.ts';
export { type CacheableText, cacheableAnswer, etagOf } from './http/cacheable.ts';
export { bodyType } from './http/content-type.ts';
export { corsHeaders } from './http/cors.ts';
export { createHandlerDeps, type HandlerDeps } from './http/handler-deps.ts';
export { HeaderFields, headersOf } from './http/header-fields.ts';
export { type HttpHandler, httpHandler, json } from './http/http.ts';
export { bodyTooLarge, type Caller, type HttpRequest, pathOf, requestIdOf } from './http/http-request.ts';
export { launchVariant } from './http/launch-body.ts';
export {
  BINARY_TYPES,
  JSON_SCHEMA_TYPE,
  JSON_TYPE,
  type MediaType,
  PROBLEM_TYPE,
  PROTOBUF_TYPE,
} from './http/media-types.ts';
export { type Counts, type Metrics, noMetrics } from './http/metrics.ts';
export { MAX_WAIT_SECONDS, parsePrefer, type WaitPreference, waitPreference } from './http/prefer.ts';
export {
  isServerFault,
  namedProblem,
  type Problem,
  problemOf,
  problemResponse,
  STATUS,
  sendProblem,
} from './http/problem.ts';
export type { ProxyContext, ProxyEvent, ProxyHandler, ProxyResult } from './http/proxy.ts';
export { type JsonText, jsonTextOf, RawJson } from './http/raw-json.ts';
export { createRouter, decodeComponent, type RouteMatch } from './http/router.ts';
export {
  HANDLER_NAMES,
  type HandlerName,
  METHODS,
  type Method,
  ROUTES,
  type Route,
  type RoutePath,
} from './http/routes.ts';
export { type SubmitOptions, submitOptions } from './http/submit-headers.ts';
export { SUBMIT_ROUTES } from './http/submit-routes.ts';
export { traceOf } from './http/trace-context.ts';
export { MAX_JSON_BYTES, type Transcoded, type Transcoding, transcode } from './http/transcode.ts';
export { createTranscoder, type Transcode, type Transcoder } from './http/transcoder.ts';
export { unroutedAnswer } from './http/unrouted.ts';
export { type DocumentedModel, type MessageSchemas, messageSchemas, openApiDocument } from './openapi/index.ts';
export {
  presentAvailable,
  presentContainers,
  presentLaunched,
  presentPrediction,
  presentServices,
  presentShutdown,
} from './presenters/gateway-presenter.ts';
export { type InstanceBody, instancePath, presentInstance } from './presenters/instance-presenter.ts';
export { type ModelBody, presentLimits, presentModel } from './presenters/model-presenter.ts';
export { resultProblem } from './presenters/result-problem.ts';
export { followTask, submittedAnswer, taskAnswer } from './presenters/task-answers.ts';
export {
  presentTask,
  summarizeTask,
  type TaskBody,
  type TaskSummaryBody,
  taskPath,
} from './presenters/task-presenter.ts';
