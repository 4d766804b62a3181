import {
  type HandlerDeps,
  httpHandler,
  JSON_SCHEMA_TYPE,
  JSON_TYPE,
  negotiate,
  PROTOBUF_TYPE,
  type ProxyResult,
} from '#api';
import type { ServedModel } from '#core';
import { protoText } from './proto-text.ts';
import { schemaDocument } from './schema-document.ts';

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
