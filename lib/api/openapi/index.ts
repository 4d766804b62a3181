export { openApiDocument } from './document.ts';
export { jsonOnly } from './json-only.ts';
export { type MessageSchemas, messageSchemas } from './message-schemas.ts';
export type { DocumentedModel } from './model-operations.ts';
export { summaryOf } from './route-summaries.ts';
