import { type Contract, InvalidMessageError, loadContract, MessageLimitError, UnreadableMessageError } from '#contract';
import { MAX_PAYLOAD_BYTES, ModelyardError } from '#core';
import { type MediaType, PROTOBUF_TYPE } from './negotiation.ts';

/** A message of a contract to be put into another form. */
export type Transcoding =
  /** A request as it was sent, to protobuf. */
  | { readonly kind: 'request'; readonly contract: Contract; readonly bytes: Uint8Array; readonly type: MediaType }
  /** Protobuf to JSON. */
  | { readonly kind: 'request-json' | 'response-json'; readonly contract: Contract; readonly bytes: Uint8Array }
  /** A response to the JSON of its numbers. */
  | { readonly kind: 'flat-response'; readonly contract: Contract; readonly bytes: Uint8Array };

export interface Transcoded {
  readonly pieces: readonly Uint8Array[];
  /** Of a flat response: the variant that it names. */
  readonly variant?: string;
}

/**
 * A JSON body has at most four times as many bytes as protobuf, with which lists of numbers are taken up to the limit
 * of bodies.
 */
const MAX_REQUEST_BYTES = 4 * MAX_PAYLOAD_BYTES;
/** JSON of a result that has more is not written: a message of 10 MiB may come to gigabytes of defaults. */
export const MAX_JSON_BYTES = 64 * 2 ** 20;

/**
 * Puts a message into another form. Rejects with `unreadable_body` for a request that is not of the type it claims,
 * `invalid_input` for JSON that is not such a message, and `body_too_large`. Rejects with `MessageLimitError` when more
 * than `maxJsonBytes` of JSON come out.
 */
export async function transcode(transcoding: Transcoding, maxJsonBytes = MAX_JSON_BYTES): Promise<Transcoded> {
  const { request, response } = await loadContract(transcoding.contract);
  const { kind, bytes } = transcoding;
  switch (kind) {
    case 'request':
      return { pieces: [await encodeRequest(transcoding)] };
    case 'request-json':
      return { pieces: request.toJson(bytes, maxJsonBytes) };
    case 'response-json':
      return { pieces: response.toJson(bytes, maxJsonBytes) };
    default: {
      const { pieces, text } = response.toNumbers(bytes, 'variant', maxJsonBytes);
      return { pieces, ...(text === undefined ? {} : { variant: text }) };
    }
  }
}

async function encodeRequest({
  contract,
  bytes,
  type,
}: Extract<Transcoding, { kind: 'request' }>): Promise<Uint8Array> {
  const { request } = await loadContract(contract);
  try {
    if (type !== PROTOBUF_TYPE) return request.fromJson(bytes, MAX_REQUEST_BYTES);
    request.check(bytes);
    return bytes;
  } catch (error) {
    throw asRefusal(error);
  }
}

function asRefusal(error: unknown): unknown {
  if (error instanceof UnreadableMessageError) {
    return new ModelyardError('unreadable_body', error.message, { cause: error });
  }
  if (error instanceof InvalidMessageError) {
    return new ModelyardError('invalid_input', error.message, { cause: error, errors: error.errors });
  }
  if (error instanceof MessageLimitError) {
    const size = `${MAX_REQUEST_BYTES / 2 ** 20} MiB`;
    return new ModelyardError('body_too_large', `The body is larger than ${size} as protobuf.`, { cause: error });
  }
  return error;
}

/** JSON text that is ready: a string, or where it is large its pieces in UTF-8. */
export type JsonText = string | readonly Uint8Array[];

/** JSON text in the place of a value, which is sent as it is. */
export class RawJson {
  readonly text: JsonText;

  constructor(text: JsonText) {
    this.text = text;
  }
}

/** A value as JSON; it and the members of an object may be `RawJson`. In one string unless one of them is in pieces. */
export function jsonTextOf(value: unknown): JsonText {
  if (value instanceof RawJson) return value.text;
  if (typeof value !== 'object' || value === null || !Object.values(value).some((each) => each instanceof RawJson)) {
    return JSON.stringify(value);
  }
  const pieces: (string | Uint8Array)[] = [];
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined) continue;
    pieces.push(`${pieces.length === 0 ? '{' : ','}${JSON.stringify(name)}:`);
    const text = jsonTextOf(member instanceof RawJson ? member : new RawJson(JSON.stringify(member)));
    pieces.push(...(typeof text === 'string' ? [text] : text));
  }
  pieces.push('}');
  if (pieces.every((piece) => typeof piece === 'string')) return pieces.join('');
  return pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece));
}
