import { MAX_CALL_BYTES, MAX_TRANSFER_BYTES, MAX_TRANSFER_JSON_BYTES, TRANSFER_SECONDS } from '#core';
import { JSON_TYPE, PROTOBUF_TYPE } from '../http/negotiation.ts';
import { HEADERS, PARAMETERS } from './headers.ts';
import type { Json } from './message-schemas.ts';
import { SUBMIT_PARAMETERS, SUBMIT_PROBLEMS } from './model-operations.ts';
import { BODY_PROBLEMS, jsonResponse, pathParameter, type RouteDocs, schemaRef } from './route-doc.ts';
import { moment, object, text } from './schema-parts.ts';

const MIB = 2 ** 20;
const MODEL = pathParameter('model', 'The name of the model.');

const LINK = { type: 'string', format: 'uri-reference' };

export const TASK_LINKS = object(
  'Related resources. `cancel` until the task has ended. A result above 4 MiB has links instead of `result`.',
  {
    ...{ self: LINK, cancel: LINK },
    result: { ...LINK, description: 'The result as JSON, for 15 minutes.' },
    result_protobuf: { ...LINK, description: 'The same as protobuf.' },
  },
  ['cancel', 'result', 'result_protobuf'],
);

export const UPLOAD_SCHEMAS: Json = {
  UploadRequest: object(
    'A request that is too large for one call.',
    {
      size: { type: 'integer', minimum: 1, maximum: MAX_TRANSFER_BYTES, description: 'Its bytes.' },
      sha256: { type: 'string', pattern: '^[0-9a-fA-F]{64}$', description: 'Its SHA-256.' },
      type: { type: 'string', enum: [JSON_TYPE, PROTOBUF_TYPE], default: JSON_TYPE, description: 'Its format.' },
    },
    ['type'],
  ),
  Upload: object('Where to send the request.', {
    id: text('The id of the upload.'),
    method: { type: 'string', enum: ['PUT'], description: 'How to send it.' },
    url: text('Where to send it, without an `Authorization`: absolute, or a path of this API.'),
    headers: { type: 'object', additionalProperties: { type: 'string' }, description: 'What to send with it.' },
    expires_at: moment('When the address ends.'),
    links: object('Paths.', { submit: text('Submits the request when its bytes have arrived.') }),
  }),
};

export const UPLOAD_ROUTES = {
  'POST /models/{model}/uploads': {
    operationId: 'open_upload',
    tag: 'Tasks',
    description:
      `For requests above ${MAX_CALL_BYTES / MIB} MiB, up to ${MAX_TRANSFER_BYTES / MIB} MiB as protobuf and ` +
      `${MAX_TRANSFER_JSON_BYTES / MIB} MiB as JSON. The address takes exactly the announced bytes, for ` +
      `${TRANSFER_SECONDS / 60} minutes. The same \`Idempotency-Key\` leads to the same task.`,
    parameters: [MODEL, PARAMETERS.idempotencyKey],
    requestBody: {
      required: true,
      content: { [JSON_TYPE]: { schema: schemaRef('UploadRequest') } },
    },
    responses: { '201': jsonResponse('The address.', schemaRef('Upload')) },
    problems: [
      ...BODY_PROBLEMS,
      'invalid_request',
      'model_not_found',
      'not_acceptable',
      'store_unavailable',
      'registry_unavailable',
    ],
  },
  'POST /models/{model}/uploads/{id}/tasks': {
    operationId: 'submit_upload',
    tag: 'Tasks',
    description:
      'As a submit of the request itself, with the same headers. Repeats return the same task. Whether the request is ' +
      'valid is known when the task runs: it then fails with `invalid_input`.',
    parameters: [
      MODEL,
      pathParameter('id', 'The id of the upload.'),
      // A key belongs to the first call.
      ...SUBMIT_PARAMETERS.filter((each) => each !== PARAMETERS.idempotencyKey),
    ],
    responses: {
      '200': jsonResponse('The task, which has ended.', schemaRef('SubmittedTask'), HEADERS.location),
      '202': jsonResponse('The task.', schemaRef('SubmittedTask'), { ...HEADERS.location, ...HEADERS.retryAfter }),
    },
    problems: [...SUBMIT_PROBLEMS, 'resource_not_found', 'too_many_requests'],
  },
} as const satisfies RouteDocs;
