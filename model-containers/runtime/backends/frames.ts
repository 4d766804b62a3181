import { tagOf } from '#contract/json/wire-types.ts';
import { Writer } from '#contract/wire.ts';
import { MAX_TRANSFER_BYTES } from '#core';

/** One end of the connection between an instance and its model process. */
export interface ByteStream {
  write(bytes: Uint8Array): unknown;
}

/** File descriptor of the connection in the model process. */
export const CONNECTION_FD = 3;
/** Length prefix of a frame: unsigned 32-bit integer, little-endian. */
const HEADER_BYTES = 4;
/** The maximum size of a request or response, plus overhead. */
const MAX_FRAME_BYTES = MAX_TRANSFER_BYTES + 2 ** 20;

/** Larger parts are written without a copy. */
const LARGE_BYTES = 64 * 1024;

/** Writes frames. All small frames of one microtask turn are sent in one system call. */
export function createFrameWriter(stream: ByteStream) {
  let pending: Uint8Array[] = [];

  function flush(): void {
    if (pending.length === 0) return;
    const chunks = pending;
    pending = [];
    stream.write(Buffer.concat(chunks));
  }

  return {
    /** Writes one frame. Only the last part may be large. */
    write(...parts: readonly Uint8Array[]): void {
      const header = Buffer.allocUnsafe(HEADER_BYTES);
      header.writeUInt32LE(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
      const last = parts.at(-1);
      if (last && last.byteLength >= LARGE_BYTES) {
        pending.push(header, ...parts.slice(0, -1));
        flush();
        stream.write(last);
        return;
      }
      if (pending.length === 0) queueMicrotask(flush);
      pending.push(header, ...parts);
    },
    /** Sends pending frames at once, for a process that is about to end. */
    flush,
  };
}

/** Numbers of a field of bytes, and of the member of another message whose value has that field. */
export interface EnclosedField {
  readonly member: number;
  readonly field: number;
}

/**
 * The parts of a frame: a message with the member `member`, which is `message` and the bytes. The last part is the
 * bytes themselves; encoding them with the message would copy them.
 */
export function enclosed({ member, field }: EnclosedField, message: Uint8Array, bytes: Uint8Array): Uint8Array[] {
  const tail = prefixOf(field, bytes.byteLength);
  const head = prefixOf(member, message.byteLength + tail.byteLength + bytes.byteLength);
  return [Buffer.concat([head, message, tail]), bytes];
}

const prefixOf = (field: number, length: number): Uint8Array =>
  Writer.create().uint32(tagOf(field, 'bytes')).uint32(length).finish();

/**
 * Splits received bytes into frames, which are copies: the caller may use its buffer again. Throws a RangeError for a
 * frame above `MAX_FRAME_BYTES`.
 */
export function createFrameReader(onFrame: (frame: Uint8Array) => void) {
  const header = Buffer.alloc(HEADER_BYTES);
  let headerBytes = 0;
  let frame: Buffer | undefined;
  let frameBytes = 0;

  return function read(chunk: Uint8Array): void {
    let at = 0;
    /** Copies to `target` what it lacks, or what there is. Returns how many bytes it has then. */
    function fill(target: Buffer, filled: number): number {
      const part = chunk.subarray(at, at + target.byteLength - filled);
      target.set(part, filled);
      at += part.byteLength;
      return filled + part.byteLength;
    }

    while (at < chunk.byteLength) {
      if (!frame) {
        headerBytes = fill(header, headerBytes);
        if (headerBytes < HEADER_BYTES) return;
        frame = Buffer.allocUnsafe(lengthOf(header));
        headerBytes = 0;
        frameBytes = 0;
      }
      frameBytes = fill(frame, frameBytes);
      if (frameBytes < frame.byteLength) return;
      const whole = frame;
      frame = undefined;
      onFrame(whole);
    }
  };
}

function lengthOf(bytes: Buffer): number {
  const length = bytes.readUInt32LE();
  if (length > MAX_FRAME_BYTES) throw new RangeError(`A frame has ${length} bytes; ${MAX_FRAME_BYTES} are allowed.`);
  return length;
}
