import { type Contract, MessageLimitError } from '#contract';

import { ModelyardError } from '#core';
import type { MediaType } from './negotiation.ts';
import { type JsonText, RawJson, transcode } from './transcode.ts';

/** Puts messages into other forms, on this thread or elsewhere. */
export interface Transcoder {
  /** Rejects with `unreadable_body`, `invalid_input` and `body_too_large`. */
  encodeRequest(contract: Contract, type: MediaType, body: Uint8Array): Promise<Uint8Array>;
  /** Rejects with `not_acceptable` when it is too large for JSON, as do the others. */
  requestJson(contract: Contract, bytes: Uint8Array): Promise<RawJson>;
  responseJson(contract: Contract, bytes: Uint8Array): Promise<RawJson>;
  /** A response as the JSON of its numbers, and the variant that it names. */
  flatResponse(contract: Contract, bytes: Uint8Array): Promise<FlatResponse>;
  /** A JSON text as it was sent. */
  raw(text: Uint8Array): RawJson;
}

export interface FlatResponse {
  readonly prediction: RawJson;
  readonly variant?: string | undefined;
}

/** Does one transcoding; may do it on another thread. */
export type Transcode = typeof transcode;

/** A transcoder that answers with text by `textOf`. @default on this thread, in strings */
export function createTranscoder(run: Transcode = transcode, textOf = stringOf): Transcoder {
  const toJson = async (kind: 'request-json' | 'response-json', contract: Contract, bytes: Uint8Array) => {
    const { pieces } = await run({ kind, contract, bytes }).catch(refuseLarge);
    return new RawJson(textOf(pieces));
  };
  return {
    async encodeRequest(contract, type, bytes) {
      const { pieces } = await run({ kind: 'request', contract, type, bytes });
      return pieces[0] ?? new Uint8Array();
    },
    requestJson: (contract, bytes) => toJson('request-json', contract, bytes),
    responseJson: (contract, bytes) => toJson('response-json', contract, bytes),
    async flatResponse(contract, bytes) {
      const { pieces, variant } = await run({ kind: 'flat-response', contract, bytes }).catch(refuseLarge);
      return { prediction: new RawJson(textOf(pieces)), variant };
    },
    raw: (text) => new RawJson(textOf([withoutMark(text)])),
  };
}

function refuseLarge(error: unknown): never {
  if (!(error instanceof MessageLimitError)) throw error;
  const message = 'The message is too large to be written as JSON; ask for it as application/x-protobuf.';
  throw new ModelyardError('not_acceptable', message, { cause: error });
}

/** API Gateway takes a string. */
const stringOf = (pieces: readonly Uint8Array[]): JsonText => Buffer.concat(pieces).toString();

/** A byte order mark may begin a body; in the middle of an answer it would break it. */
const withoutMark = (text: Uint8Array): Uint8Array =>
  text[0] === 0xef && text[1] === 0xbb && text[2] === 0xbf ? text.subarray(3) : text;
