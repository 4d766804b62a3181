import { type Contract, InvalidMessageError, loadContract, parseJson, UnreadableMessageError } from '#contract';
import { ModelyardError } from '#core';
import { type MediaType, PROTOBUF_TYPE } from './media-types.ts';

/**
 * Encodes the body as the request message. Rejects with `unreadable_body` for malformed bytes, and with `invalid_input`
 * for JSON that is not such a message.
 */
export async function encodeRequest(contract: Contract, type: MediaType, body: Uint8Array): Promise<Uint8Array> {
  const { request } = await loadContract(contract);
  try {
    if (type !== PROTOBUF_TYPE) return request.fromJson(parseJson(body));
    request.check(body);
    return body;
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
  return error;
}
