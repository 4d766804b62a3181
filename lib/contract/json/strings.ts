/** Same memory. A Buffer decodes text natively. */
const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export const textOf = (bytes: Uint8Array, start: number, end: number): string =>
  asBuffer(bytes).toString('utf8', start, end);

export const asciiOf = (bytes: Uint8Array, start: number, end: number): string =>
  asBuffer(bytes).toString('latin1', start, end);

export const equalBytes = (a: Uint8Array, aStart: number, b: Uint8Array, bStart: number, length: number): boolean => {
  for (let i = 0; i < length; i += 1) if (a[aStart + i] !== b[bStart + i]) return false;
  return true;
};

// Random per process, so that nobody can prepare keys with equal hashes.
const SEED = Math.trunc(Math.random() * 2 ** 32);
const FACTOR = Math.trunc(Math.random() * 2 ** 31) | 0x5000_0001;

/** A 32-bit hash. */
export function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = SEED ^ (end - start);
  for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ (bytes[at] ?? 0), FACTOR);
  return mixed(hash);
}

/** A 32-bit hash of two numbers of 32 bits. */
export const hashHalves = (high: number, low: number): number =>
  mixed(Math.imul(mixed(Math.imul(SEED ^ high, FACTOR)) ^ low, FACTOR));

/** Spreads the bits of a hash: all of them depend on each other. */
function mixed(bits: number): number {
  const hash = Math.imul(bits ^ (bits >>> 15), 0x2c1b_3c6d);
  return hash ^ (hash >>> 13);
}

const BACKSLASH = 0x5c;
/** Escape letter → character. */
const SHORT_ESCAPES: Readonly<Record<number, number>> = {
  34: 0x22,
  92: 0x5c,
  47: 0x2f,
  98: 0x08,
  102: 0x0c,
  110: 0x0a,
  114: 0x0d,
  116: 0x09,
};

/**
 * Unescapes a valid JSON string into `out` at `at`. Needs at most as many bytes as the string has between its quotes.
 * Returns the offset after the text, or its complement if a surrogate is unpaired.
 */
export function unescapeInto(bytes: Uint8Array, start: number, end: number, out: Uint8Array, at: number): number {
  let to = at;
  let isWellFormed = true;
  for (let from = start; from < end; ) {
    const byte = bytes[from] ?? 0;
    if (byte !== BACKSLASH) {
      out[to++] = byte;
      from += 1;
      continue;
    }
    const kind = bytes[from + 1] ?? 0;
    if (kind !== 0x75) {
      out[to++] = SHORT_ESCAPES[kind] ?? kind;
      from += 2;
      continue;
    }
    let point = hexAt(bytes, from + 2);
    from += 6;
    if (point >= 0xd800 && point < 0xe000) {
      const low = point < 0xdc00 && bytes[from] === BACKSLASH && bytes[from + 1] === 0x75 ? hexAt(bytes, from + 2) : 0;
      if (low >= 0xdc00 && low < 0xe000) {
        point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
        from += 6;
      } else isWellFormed = false;
    }
    to = writePoint(out, to, point);
  }
  return isWellFormed ? to : ~to;
}

let scratch = new Uint8Array(256);

/** Shared scratch memory of this size, valid until the next call. */
export function scratchOf(length: number): Uint8Array {
  if (scratch.length < length) scratch = new Uint8Array(Math.max(length, 2 * scratch.length));
  return scratch;
}

function hexAt(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let i = at; i < at + 4; i += 1) {
    const byte = bytes[i] ?? 0;
    value = (value << 4) | (byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x57);
  }
  return value;
}

function writePoint(out: Uint8Array, at: number, point: number): number {
  let to = at;
  if (point < 0x80) out[to++] = point;
  else if (point < 0x800) out[to++] = 0xc0 | (point >> 6);
  else if (point < 0x10000) {
    out[to++] = 0xe0 | (point >> 12);
    out[to++] = 0x80 | ((point >> 6) & 0x3f);
  } else {
    out[to++] = 0xf0 | (point >> 18);
    out[to++] = 0x80 | ((point >> 12) & 0x3f);
    out[to++] = 0x80 | ((point >> 6) & 0x3f);
  }
  if (point >= 0x80) out[to++] = 0x80 | (point & 0x3f);
  return to;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const LETTERS = Buffer.from(ALPHABET);
const PAD = 0x3d;
const DASH = 0x2d;
const UNDERSCORE = 0x5f;

/** Letter → six bits, for both alphabets of RFC 4648; 255 for other bytes. */
const BITS = new Uint8Array(256).fill(255);
for (const [bits, letter] of LETTERS.entries()) BITS[letter] = bits;
BITS[DASH] = 62;
BITS[UNDERSCORE] = 63;

/**
 * Decodes base64 into `out` at `at`. Needs three bytes per four letters. Accepts one of the two alphabets of RFC 4648,
 * with or without padding. Returns the offset after the bytes, or -1 for malformed base64.
 */
export function decodeBase64(text: Uint8Array, start: number, end: number, out: Uint8Array, at: number): number {
  const letters = text[end - 1] !== PAD ? end : text[end - 2] === PAD ? end - 2 : end - 1;
  const length = letters - start;
  if (letters < start || length % 4 === 1 || (letters < end && (end - start) % 4 !== 0)) return -1;
  let to = at;
  let bits = 0;
  let standard = 0;
  let urlSafe = 0;
  for (let from = start; from < letters; from += 1) {
    const letter = text[from] ?? 0;
    const six = BITS[letter] ?? 255;
    if (six === 255) return -1;
    if (six >= 62) {
      if (letter === DASH || letter === UNDERSCORE) urlSafe = 1;
      else standard = 1;
    }
    bits = (bits << 6) | six;
    const place = (from - start) & 3;
    if (place === 1) out[to++] = (bits >> 4) & 0xff;
    else if (place === 2) out[to++] = (bits >> 2) & 0xff;
    else if (place === 3) out[to++] = bits & 0xff;
  }
  return standard + urlSafe > 1 ? -1 : to;
}

/** Encodes bytes into `out` at `at`, in the standard alphabet with padding. Returns the offset after the text. */
export function encodeBase64(bytes: Uint8Array, start: number, end: number, out: Uint8Array, at: number): number {
  let to = at;
  for (let from = start; from < end; from += 3) {
    const bits =
      ((bytes[from] ?? 0) << 16) |
      (from + 1 < end ? (bytes[from + 1] ?? 0) << 8 : 0) |
      (from + 2 < end ? (bytes[from + 2] ?? 0) : 0);
    out[to++] = LETTERS[bits >> 18] ?? 0;
    out[to++] = LETTERS[(bits >> 12) & 63] ?? 0;
    out[to++] = from + 1 < end ? (LETTERS[(bits >> 6) & 63] ?? 0) : PAD;
    out[to++] = from + 2 < end ? (LETTERS[bits & 63] ?? 0) : PAD;
  }
  return to;
}

export const base64Length = (bytes: number): number => 4 * Math.ceil(bytes / 3);
