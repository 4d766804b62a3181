export { type Authenticator, createAuthenticator } from './auth/authenticator.ts';
export {
  callerOf,
  type PrincipalContext,
  principalOf,
  toPrincipalContext,
  unauthenticated,
} from './auth/principal-context.ts';
export { modelForTasks, orAccepted, quotaForTasks, refuseWithoutInstance } from './http/accepting.ts';
export { encodeItems, splitBatch } from './http/batch-body.ts';
export {
  aText,
  aTime,
  type FieldRule,
  formFields,
  jsonFields,
  launchVariant,
  optional,
  redriveIds,
} from './http/body-fields.ts';
export { type CacheableText, cacheableAnswer, etagOf } from './http/cacheable.ts';
export { type AnsweredRequest, callOf } from './http/call-of.ts';
export { createHandlerDeps, type HandlerDeps } from './http/handler-deps.ts';
export {
  CORS_MAX_AGE_SECONDS,
  CORS_REQUEST_HEADERS,
  corsHeaders,
  HeaderFields,
  headersOf,
} from './http/headers.ts';
export { type HttpHandler, httpHandler, json } from './http/http.ts';
export { bodyTooLarge, type HttpRequest, pathOf, requestIdOf } from './http/http-request.ts';
export { aUser, idOfUser } from './http/id-of-user.ts';
export { ALL_ROUTES, LIFECYCLE_ROUTES, type LifecycleRoute } from './http/lifecycle-routes.ts';
export { type Counts, type Metrics, noMetrics } from './http/metrics.ts';
export {
  BINARY_TYPES,
  bodyType,
  FILE_TYPES,
  FORM_TYPE,
  JSON_SCHEMA_TYPE,
  JSON_TYPE,
  type MediaType,
  NDJSON_TYPE,
  negotiate,
  PROBLEM_TYPE,
  PROTOBUF_TYPE,
  preferredType,
} from './http/negotiation.ts';
export {
  HTTPS_ONLY,
  isServerFault,
  NEVER_STORED,
  NO_SNIFFING,
  namedProblem,
  type Problem,
  problemOf,
  problemResponse,
  STATUS,
  sendProblem,
} from './http/problem.ts';
export type { OpenedStream, ProxyContext, ProxyEvent, ProxyHandler, ProxyResult } from './http/proxy.ts';
export {
  MAX_WAIT_SECONDS,
  originOf,
  parsePrefer,
  type SubmitOptions,
  submitOptions,
  traceOf,
  type WaitPreference,
  waitPreference,
} from './http/request-headers.ts';
export { createRouter, decodeComponent, type RouteMatch, unroutedAnswer } from './http/router.ts';
export {
  HANDLER_NAMES,
  type HandlerName,
  METHODS,
  type Method,
  ROUTES,
  type Route,
  type RoutedHandlerName,
  type RoutePath,
  SUBMIT_ROUTES,
} from './http/routes.ts';
export { isTaskId } from './http/task-id.ts';
export {
  type JsonText,
  jsonTextOf,
  MAX_JSON_BYTES,
  RawJson,
  type Transcoded,
  type Transcoding,
  transcode,
} from './http/transcode.ts';
export { createTranscoder, type Transcode, type Transcoder } from './http/transcoder.ts';
export { announcedUpload, readUploadId, type Upload, uploadId } from './http/upload-id.ts';
export { HASHED_FILE_HEADERS, PAGE_HEADERS, readOnce } from './http/web-page.ts';
export {
  type DocumentedModel,
  jsonOnly,
  type MessageSchemas,
  messageSchemas,
  openApiDocument,
  summaryOf,
} from './openapi/index.ts';
export {
  type BatchBody,
  batchPath,
  presentBatch,
  presentItems,
  presentOutcome,
} from './presenters/batch-presenter.ts';
export { EVENTS_TYPE, eventsAnswer } from './presenters/event-stream.ts';
export {
  presentAvailable,
  presentContainers,
  presentLaunched,
  presentPrediction,
  presentServices,
  presentShutdown,
} from './presenters/gateway-presenter.ts';
export { presentDeadLetter, presentHistory } from './presenters/history-presenter.ts';
export { createModelListing } from './presenters/model-listing.ts';
export {
  type InstanceBody,
  instancePath,
  type ModelBody,
  presentInstance,
  presentLimits,
  presentModel,
  presentUnstarted,
} from './presenters/model-presenter.ts';
export { presentRequest } from './presenters/request-presenter.ts';
export { presentStats, type StatsBody, type SummaryBody } from './presenters/stats-presenter.ts';
export {
  followTask,
  inProgressAnswer,
  messageAnswer,
  resultOf,
  submittedAnswer,
  taskAnswer,
  taskIdOf,
  VARIES,
  wakeModelOf,
} from './presenters/task-answers.ts';
export {
  linksOf,
  predictionProblem,
  presentTask,
  resultProblem,
  summarizeTask,
  type TaskBody,
  type TaskSummaryBody,
  taskPath,
} from './presenters/task-presenter.ts';
export { presentCall, presentKey, presentUser, presentUserLimits } from './presenters/user-presenter.ts';
export { presentDelivery, presentSecret } from './presenters/webhook-presenter.ts';
export { waitWhileUseful, wakesTooLate } from './presenters/worthwhile-wait.ts';
