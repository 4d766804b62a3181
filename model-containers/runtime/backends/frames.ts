/** Both ends of the connection between an instance and its model process. A socket is one. */
export interface ByteStream {
  write(bytes: Uint8Array): unknown;
}

/** File descriptor of the connection in the model process. */
export const CONNECTION_FD = 3;
/** Bytes of the length in front of every frame: an unsigned 32-bit integer, little-endian. */
const HEADER_BYTES = 4;
/** More than a request or response may have, with room for what travels beside it. */
const MAX_FRAME_BYTES = 16 * 1024 * 1024;

/** Writes frames. Those that are written in one turn of the microtask queue leave in one system call. */
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
    /** Writes what is pending now, for a process that may not get to its next microtask. */
    flush,
  };
}

/** Cuts chunks of bytes into frames. Throws a RangeError for a frame longer than any that is ever written. */
export function createFrameReader(onFrame: (frame: Uint8Array) => void) {
  let chunks: Uint8Array[] = [];
  let bytes = 0;
  let wanted = HEADER_BYTES;

  return function read(chunk: Uint8Array): void {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    // Join chunks only when they complete a frame, so that a large frame is copied once.
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
