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

/** Writes frames. All frames of one microtask turn are sent in one system call. */
export function createFrameWriter(stream: ByteStream) {
  let pending: Uint8Array[] = [];

  function flush(): void {
    if (pending.length === 0) return;
    const chunks = pending;
    pending = [];
    stream.write(Buffer.concat(chunks));
  }

  return {
    write(frame: Uint8Array): void {
      const header = Buffer.allocUnsafe(HEADER_BYTES);
      header.writeUInt32LE(frame.byteLength);
      if (pending.push(header, frame) === 2) queueMicrotask(flush);
    },
    /** Sends pending frames at once, for a process that is about to end. */
    flush,
  };
}

/** Splits received bytes into frames. Throws a RangeError for a frame above `MAX_FRAME_BYTES`. */
export function createFrameReader(onFrame: (frame: Uint8Array) => void) {
  let chunks: Uint8Array[] = [];
  let bytes = 0;
  let wanted = HEADER_BYTES;

  return function read(chunk: Uint8Array): void {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    // Chunks are joined once per frame, so that a large frame is copied once.
    if (bytes < wanted) return;
    let rest = chunks.length === 1 ? Buffer.from(chunk.buffer, chunk.byteOffset, bytes) : Buffer.concat(chunks, bytes);
    chunks = [];
    for (;;) {
      wanted = HEADER_BYTES + (rest.byteLength < HEADER_BYTES ? 0 : lengthOf(rest));
      if (rest.byteLength < wanted || rest.byteLength < HEADER_BYTES) break;
      onFrame(rest.subarray(HEADER_BYTES, wanted));
      rest = rest.subarray(wanted);
    }
    bytes = rest.byteLength;
    if (bytes > 0) chunks.push(rest);
  };
}

function lengthOf(bytes: Buffer): number {
  const length = bytes.readUInt32LE();
  if (length > MAX_FRAME_BYTES) throw new RangeError(`A frame has ${length} bytes; ${MAX_FRAME_BYTES} are allowed.`);
  return length;
}
