import { type FieldError, UnreadableMessageError } from '#contract';
import { parseJson } from '#contract/json/scan-json.ts';
import { ModelyardError } from '#core';
import { bodyTooLarge, type HttpRequest } from './http-request.ts';
import { bodyType, JSON_TYPE } from './negotiation.ts';

/** It is read on the thread that serves all requests. */
const MAX_LAUNCH_BYTES = 16 * 1024;

/**
 * The variant that a launch asks for: `{"variant": "…"}`, or nothing at all. Rejects with `body_too_large`,
 * `unreadable_body`, `unsupported_media_type`, and `invalid_input` with a pointer to what is wrong.
 */
export function launchVariant(request: HttpRequest): string | undefined {
  const bytes = request.body();
  if (bytes.byteLength === 0) return undefined;
  if (bytes.byteLength > MAX_LAUNCH_BYTES) throw bodyTooLarge(MAX_LAUNCH_BYTES);
  if (bodyType(request.headers) !== JSON_TYPE) {
    throw new ModelyardError('unsupported_media_type', `The body must be ${JSON_TYPE}.`);
  }
  const body = read(bytes);
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw invalid([{ pointer: '', message: 'Must be an object.' }]);
  }
  const { variant, ...unknown } = body as Record<string, unknown>;
  const errors = Object.keys(unknown).map((name) => ({ pointer: pointerTo(name), message: 'There is no such field.' }));
  if (variant !== undefined && typeof variant !== 'string') {
    errors.push({ pointer: '/variant', message: 'Must be a string.' });
  }
  if (errors.length > 0) throw invalid(errors);
  return variant as string | undefined;
}

function read(bytes: Uint8Array): unknown {
  try {
    return parseJson(bytes);
  } catch (error) {
    if (!(error instanceof UnreadableMessageError)) throw error;
    throw new ModelyardError('unreadable_body', error.message, { cause: error });
  }
}

const pointerTo = (name: string): string => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;

const invalid = (errors: readonly FieldError[]): ModelyardError =>
  new ModelyardError('invalid_input', 'The body is not a valid launch of an instance.', { errors });
