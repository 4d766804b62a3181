import { UnreadableMessageError } from '../errors.ts';
import type { protobuf } from '../protobuf.ts';

/** Throws `UnreadableMessageError`. */
export function decodeBytes(type: protobuf.Type, bytes: Uint8Array): Record<string, unknown> {
  try {
    // A Buffer view selects the reader that decodes strings natively.
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return type.decode(view) as unknown as Record<string, unknown>;
  } catch (cause) {
    throw new UnreadableMessageError(`The bytes are not a ${type.fullName.slice(1)}.`, { cause });
  }
}

/** Expects values that have been checked. The result is a plain Uint8Array, where protobufjs makes a Buffer. */
export function encodeWire(type: protobuf.Type, wire: Record<string, unknown>): Uint8Array {
  const { buffer, byteOffset, byteLength } = type.encode(wire).finish();
  return new Uint8Array(buffer, byteOffset, byteLength);
}
