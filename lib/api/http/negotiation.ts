import { ModelyardError } from '#core';
import type { HeaderFields } from './headers.ts';
import { type ListMember, parseMembers } from './http-syntax.ts';

/** Canonical proto3 JSON. */
export const JSON_TYPE = 'application/json';
/** The media type of HTML forms. Only the login accepts it. */
export const FORM_TYPE = 'application/x-www-form-urlencoded';
/** The binary protobuf encoding of one message. */
export const PROTOBUF_TYPE = 'application/x-protobuf';
/** One JSON value a line. */
export const NDJSON_TYPE = 'application/x-ndjson';
/** Tables: CSV, JSON lines and Parquet. */
export const FILE_TYPES = [
  'text/csv',
  NDJSON_TYPE,
  'application/vnd.apache.parquet',
  'application/octet-stream',
] as const;
export const JSON_SCHEMA_TYPE = 'application/schema+json';
/** RFC 9457. */
export const PROBLEM_TYPE = 'application/problem+json';

export type MediaType = typeof JSON_TYPE | typeof PROTOBUF_TYPE;

/** Media types that API Gateway must treat as binary. */
export const BINARY_TYPES = [PROTOBUF_TYPE] as const;

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
  if (charset !== undefined && !UTF_8.test(charset)) throw unsupported('The only supported charset is utf-8.');
  return type;
}

function refuseContentEncoding(header: string | undefined): void {
  const encodings = parseMembers(header ?? '').map(({ value }) => value.toLowerCase());
  if (encodings.some((encoding) => encoding !== 'identity')) {
    throw unsupported('The body must not be compressed: no Content-Encoding other than identity is understood.');
  }
}

const unsupported = (message: string): ModelyardError => new ModelyardError('unsupported_media_type', message);

const MEDIA_RANGE = /^([!#$%&'*+.^_`|~\w-]+)\/([!#$%&'*+.^_`|~\w-]+)$/;
/** RFC 9110, and also `.2` and `1.`, which old clients send. */
const QUALITY = /^(?:[01](?:\.\d*)?|\.\d+)$/;

interface MediaRange {
  readonly type: string;
  readonly subtype: string;
  readonly quality: number;
}

/**
 * The offered type with the highest quality (RFC 9110, section 12.5.1); the first one of equal quality. Undefined when
 * all are excluded. Ignores parameters other than `q` and malformed members.
 */
export function preferredType<T extends string>(accept: string | undefined, offers: readonly T[]): T | undefined {
  if (accept === undefined || accept.trim() === '') return offers[0];
  const ranges = parseMembers(accept).flatMap(toRange);
  let best: { readonly offer: T; readonly quality: number } | undefined;
  for (const offer of offers) {
    const quality = qualityOf(offer, ranges);
    if (quality > (best?.quality ?? 0)) best = { offer, quality };
  }
  return best?.offer;
}

/** Like `preferredType`, but throws `not_acceptable` with the offered types. */
export function negotiate<T extends string>(accept: string | undefined, offers: readonly T[]): T {
  const type = preferredType(accept, offers);
  if (type === undefined) {
    throw new ModelyardError('not_acceptable', `This answer is only available as ${offers.join(' or ')}.`);
  }
  return type;
}

function toRange({ value, parameters }: ListMember): MediaRange[] {
  // Java's HttpURLConnection sends a lone `*`.
  const [, type, subtype] = MEDIA_RANGE.exec(value === '*' ? '*/*' : value.toLowerCase()) ?? [];
  const quality = parameters.get('q') ?? '1';
  if (!type || !subtype || (type === '*' && subtype !== '*') || !QUALITY.test(quality)) return [];
  return [{ type, subtype, quality: Math.min(1, Number(quality)) }];
}

/** The quality of the most specific matching range; 0 without a match. */
function qualityOf(offer: string, ranges: readonly MediaRange[]): number {
  const [type, subtype] = offer.split('/');
  const levels: ((range: MediaRange) => boolean)[] = [
    (range) => range.type === type && range.subtype === subtype,
    (range) => range.type === type && range.subtype === '*',
    (range) => range.type === '*',
  ];
  for (const matches of levels) {
    const matching = ranges.filter(matches);
    if (matching.length > 0) return Math.max(...matching.map(({ quality }) => quality));
  }
  return 0;
}
