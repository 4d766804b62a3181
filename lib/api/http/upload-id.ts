import { type ExpectedBytes, MAX_TRANSFER_BYTES, MAX_TRANSFER_JSON_BYTES, ModelyardError } from '#core';
import { type FieldRule, jsonFields, optional } from './body-fields.ts';
import type { HttpRequest } from './http-request.ts';
import { JSON_TYPE, PROTOBUF_TYPE } from './negotiation.ts';

/** A request that is uploaded before it is submitted. */
export interface Upload extends ExpectedBytes {
  readonly isJson: boolean;
  /** The idempotency key of its task. */
  readonly key: string;
}

const size: FieldRule = (value) =>
  Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_TRANSFER_BYTES
    ? undefined
    : `Must be a whole number of bytes from 1 to ${MAX_TRANSFER_BYTES}.`;

const sha256: FieldRule = (value) =>
  typeof value === 'string' && /^[0-9a-fA-F]{64}$/.test(value) ? undefined : 'Must be 64 hexadecimal digits.';

const type: FieldRule = (value) =>
  value === JSON_TYPE || value === PROTOBUF_TYPE ? undefined : `Must be ${JSON_TYPE} or ${PROTOBUF_TYPE}.`;

/** What the body of a request says that it will upload. Rejects as `jsonFields`, and with `body_too_large`. */
export function announcedUpload(request: HttpRequest): Omit<Upload, 'key'> {
  const rules = { size, sha256, type: optional(type) };
  const fields = jsonFields(request, { what: 'a valid upload', rules });
  const isJson = fields.type !== PROTOBUF_TYPE;
  if (isJson && Number(fields.size) > MAX_TRANSFER_JSON_BYTES) {
    const limit = `${MAX_TRANSFER_JSON_BYTES / 2 ** 20} MiB`;
    throw new ModelyardError('body_too_large', `JSON has at most ${limit}. Upload ${PROTOBUF_TYPE}.`);
  }
  return { size: Number(fields.size), sha256: String(fields.sha256).toLowerCase(), isJson };
}

/** The id has all that is known of an upload. */
export const uploadId = ({ size, sha256, isJson, key }: Upload): string =>
  [isJson ? 'j' : 'p', size, sha256, Buffer.from(key).toString('base64url')].join('.');

const ID = /^(j|p)\.([1-9]\d{0,9})\.([0-9a-f]{64})\.([\w-]{1,342})$/;

/** Throws `resource_not_found` for text that is no id. */
export function readUploadId(id: string): Upload {
  const [, kind, size = '', sha256 = '', key = ''] = ID.exec(id) ?? [];
  if (kind === undefined || Number(size) > MAX_TRANSFER_BYTES) {
    throw new ModelyardError('resource_not_found', 'There is no such upload.');
  }
  return { isJson: kind === 'j', size: Number(size), sha256, key: Buffer.from(key, 'base64url').toString() };
}
