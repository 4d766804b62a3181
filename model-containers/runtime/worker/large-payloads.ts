import { type ContractCodec, InvalidMessageError, MessageLimitError, UnreadableMessageError } from '#contract';
import {
  type BlobStore,
  isJsonUpload,
  JSON_SUFFIX,
  LINKED_SUFFIX,
  loadPayload,
  MAX_INLINE_BYTES,
  MAX_TRANSFER_BYTES,
  MAX_TRANSFER_JSON_BYTES,
  ModelyardError,
  type Payload,
  resultSuffix,
  storePayload,
  type TaskStore,
} from '#core';

interface PayloadDeps {
  readonly blobs: BlobStore;
  readonly codec?: () => Promise<ContractCodec>;
}

/** Smaller results have less than `MAX_CALL_BYTES` as JSON, unless nearly all of it is names and defaults. */
const MAX_UNMEASURED_BYTES = 2 * MAX_INLINE_BYTES;

/** A request as protobuf. Rejects as `loadPayload`, and with `invalid_input` for uploaded JSON that is no such message. */
export async function loadRequest({ blobs, codec }: PayloadDeps, payload: Payload): Promise<Uint8Array> {
  const bytes = await loadPayload(blobs, payload);
  if (!isJsonUpload(payload) || !codec) return bytes;
  const { request } = await codec();
  try {
    return request.fromJson(bytes, MAX_TRANSFER_BYTES);
  } catch (cause) {
    if (cause instanceof InvalidMessageError) {
      const problems = cause.errors.slice(0, 5).map(({ pointer, message }) => `${pointer}: ${message}`);
      throw new ModelyardError('invalid_input', [cause.message, ...problems].join(' '), { cause });
    }
    if (cause instanceof UnreadableMessageError || cause instanceof MessageLimitError) {
      throw new ModelyardError('invalid_input', cause.message, { cause });
    }
    throw cause;
  }
}

/**
 * Stores a result. What an answer could not carry is stored as JSON too, because nobody could convert it on the way to
 * the client.
 */
export async function storeResult({ blobs, codec }: PayloadDeps, key: string, result: Uint8Array): Promise<Payload> {
  if (result.byteLength <= MAX_UNMEASURED_BYTES || !codec) return storePayload(blobs, key, result);
  const json = jsonOf(await codec(), result);
  const jsonBytes = json?.reduce((sum, piece) => sum + piece.byteLength, 0);
  const suffix = resultSuffix(result.byteLength, jsonBytes);
  const stored = `${key}${suffix}`;
  if (suffix !== '' && json) await blobs.put(`${stored}${JSON_SUFFIX}`, Buffer.concat(json));
  return storePayload(blobs, stored, result);
}

/**
 * Empties a result that was not recorded, because the task was canceled or erased meanwhile: nobody else knows its key.
 * The empty blob expires with all others.
 */
export async function dropResult(
  { blobs, tasks }: PayloadDeps & { readonly tasks: Pick<TaskStore, 'get'> },
  taskId: string,
  payload: Payload | undefined,
): Promise<void> {
  if (payload?.kind !== 'blob') return;
  const { key } = payload;
  const recorded = (await tasks.get(taskId))?.result?.payload;
  // An apply whose answer was lost may have recorded it.
  if (recorded?.kind === 'blob' && recorded.key === key) return;
  const keys = key.endsWith(LINKED_SUFFIX) ? [key, `${key}${JSON_SUFFIX}`] : [key];
  for (const each of keys) await blobs.put(each, new Uint8Array());
}

/** Undefined for what is too large for JSON, or cannot be written as JSON. */
function jsonOf({ response }: ContractCodec, result: Uint8Array): readonly Uint8Array[] | undefined {
  try {
    return response.toJson(result, MAX_TRANSFER_JSON_BYTES);
  } catch (error) {
    if (error instanceof MessageLimitError || error instanceof UnreadableMessageError) return undefined;
    throw error;
  }
}
