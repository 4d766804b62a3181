import { InvalidMessageError } from '../errors.ts';
import type { MessagePlan } from './message-plan.ts';
import { MessageReader } from './message-reader.ts';
import { TooManyProblems } from './problems.ts';
import { scanJson } from './scan-json.ts';

/** Maximum size of the protobuf message, which can be five times the size of its JSON. */
export interface WireLimit {
  readonly maxBytes: number;
}

/**
 * Validates a JSON text and encodes it as a message, without creating objects. Time and memory are at most a small
 * multiple of the text length. Fields are written by number, as protobuf recommends. Throws `UnreadableMessageError`
 * for malformed JSON, `InvalidMessageError` with the first 100 problems of an invalid message, and `MessageLimitError`.
 */
export function jsonToWire(plan: MessagePlan, bytes: Uint8Array, { maxBytes }: WireLimit): Uint8Array {
  const reader = new MessageReader(scanJson(bytes), maxBytes);
  try {
    reader.message(plan, 0, 0);
    if (reader.problems.errors.length === 0) return reader.writer.finish();
  } catch (error) {
    if (!(error instanceof TooManyProblems)) throw error;
  } finally {
    reader.writer.release();
  }
  throw new InvalidMessageError(plan.fullName, reader.problems.errors);
}
