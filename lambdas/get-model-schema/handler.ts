import {
  type HandlerDeps,
  httpHandler,
  JSON_SCHEMA_TYPE,
  JSON_TYPE,
  messageSchemas,
  negotiate,
  PROTOBUF_TYPE,
  type ProxyResult,
} from '#api';
import { type Contract, exampleOf, type JsonSchema, protoFilesOf } from '#contract';
import type { Model, ServedModel } from '#core';

const TEXT_TYPE = 'text/plain';
const OFFERED = [JSON_SCHEMA_TYPE, JSON_TYPE, TEXT_TYPE, PROTOBUF_TYPE] as const;

type Offered = (typeof OFFERED)[number];

/** `GET /models/{model}/schema`: JSON Schema, .proto text or FileDescriptorSet. */
export const createHandler = (deps: HandlerDeps) =>
  httpHandler(
    deps,
    async function getModelSchema(request) {
      const type = negotiate(request.headers.list('accept'), OFFERED);
      const served = await deps.models.served(request.param('model'));
      return { statusCode: 200, ...inForm(type, served) };
    },
    { produces: OFFERED },
  );

/** Caches must not mix formats. */
const headersOf = (contentType: string) => ({ 'Content-Type': contentType, Vary: 'Accept' });

function inForm(type: Offered, { model, descriptor }: ServedModel): Pick<ProxyResult, 'headers' | 'body'> {
  if (type === TEXT_TYPE) return { headers: headersOf('text/plain; charset=utf-8'), body: protoText(descriptor) };
  if (type === PROTOBUF_TYPE) return descriptorFile(model.name, descriptor.descriptorSet);
  return { headers: headersOf(type), body: JSON.stringify(schemaDocument(model, descriptor)) };
}

const descriptorFile = (name: string, descriptorSet: Uint8Array) => ({
  headers: { ...headersOf(PROTOBUF_TYPE), 'Content-Disposition': `attachment; filename="${name}.binpb"` },
  body: Buffer.from(descriptorSet).toString('base64'),
  isBase64Encoded: true,
});

const REF_PREFIX = '#/$defs/';

/** One JSON Schema (2020-12) with the properties `request` and `response`. */
function schemaDocument({ name, description }: Pick<Model, 'name' | 'description'>, contract: Contract): JsonSchema {
  const { request, response, schemas } = messageSchemas(contract, { refPrefix: REF_PREFIX });
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: name,
    description,
    type: 'object',
    properties: {
      request: { $ref: `${REF_PREFIX}${request}` },
      response: { $ref: `${REF_PREFIX}${response}` },
    },
    $defs: schemas,
    examples: [{ request: exampleOf(contract, 'request'), response: exampleOf(contract, 'response') }],
  };
}

/** The .proto files of a contract. Several files follow each other, each below its path. */
export function protoText(contract: Contract): string {
  const files = [...protoFilesOf(contract)];
  if (files.length === 1) return files[0]?.[1] ?? '';
  return files.map(([path, text]) => `// File: ${path}\n${text}`).join('\n');
}
