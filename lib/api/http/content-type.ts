import { ModelyardError } from '#core';
import type { HeaderFields } from './header-fields.ts';
import { parseMembers } from './http-syntax.ts';
import { JSON_TYPE, type MediaType, PROTOBUF_TYPE } from './media-types.ts';

const UTF_8 = /^utf-?8$/i;

/**
 * The type of the request body, JSON by default. Throws `unsupported_media_type` for other types, for charsets other
 * than UTF-8 and for content encodings.
 */
export function bodyType(headers: HeaderFields): MediaType {
  refuseContentEncoding(headers.list('content-encoding'));
  const header = headers.list('content-type');
  if (header === undefined || header.trim() === '') return JSON_TYPE;
  const [member, ...others] = parseMembers(header);
  const type = member?.value.toLowerCase();
  if (!member || others.length > 0 || (type !== JSON_TYPE && type !== PROTOBUF_TYPE)) {
    throw unsupported(`The body must be ${JSON_TYPE} or ${PROTOBUF_TYPE}; say which in the Content-Type header.`);
  }
  const charset = member.parameters.get('charset');
  if (charset !== undefined && !UTF_8.test(charset)) throw unsupported('The only charset understood is utf-8.');
  return type;
}

function refuseContentEncoding(header: string | undefined): void {
  const encodings = parseMembers(header ?? '').map(({ value }) => value.toLowerCase());
  if (encodings.some((encoding) => encoding !== 'identity')) {
    throw unsupported('The body must not be compressed: no Content-Encoding other than identity is understood.');
  }
}

const unsupported = (message: string): ModelyardError => new ModelyardError('unsupported_media_type', message);
