import {
  isJsonUpload,
  loadPayload,
  MAX_CALL_BYTES,
  ModelyardError,
  type Payload,
  readEnvelope,
  type Task,
} from '#core';
import type { HandlerDeps } from '../http/handler-deps.ts';
import type { RawJson } from '../http/transcode.ts';

/** A request that no answer could carry. */
const isLarge = (payload: Payload): boolean =>
  payload.kind === 'blob' && (payload.size > MAX_CALL_BYTES || isJsonUpload(payload));

/** The request of a task as canonical JSON. Null if it is not kept, cannot be read any more, or is too large. */
export async function presentRequest(
  { platform, transcoder }: Pick<HandlerDeps, 'platform' | 'transcoder'>,
  { deadLetter, envelope: kept = deadLetter, contractHash }: Task,
): Promise<RawJson | null> {
  const envelope = kept && readEnvelope(kept);
  if (!envelope || isLarge(envelope.request)) return null;
  const contract = await platform.contracts.get(contractHash);
  if (!contract) return null;
  try {
    return await transcoder.requestJson(contract, await loadPayload(platform.blobs, envelope.request));
  } catch (error) {
    if (error instanceof ModelyardError && error.retryable) throw error;
    // Recovery: the rest of the task can be read.
    return null;
  }
}
