import { UnreadableMessageError } from '../errors.ts';
import type { protobuf } from '../protobuf.ts';

/** Throws `UnreadableMessageError`. */
export function decodeBytes(type: protobuf.Type, bytes: Uint8Array): Record<string, unknown> {
  try {
    // A Buffer view makes protobufjs decode strings natively.
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return type.decode(view) as unknown as Record<string, unknown>;
  } catch (cause) {
    throw new UnreadableMessageError(`The bytes are not a ${type.fullName.slice(1)}.`, { cause });
  }
}

/** Expects checked values. Returns a Uint8Array instead of protobufjs' Buffer. */
export function encodeWire(type: protobuf.Type, wire: Record<string, unknown>): Uint8Array {
  const { buffer, byteOffset, byteLength } = type.encode(wire).finish();
  return new Uint8Array(buffer, byteOffset, byteLength);
}
