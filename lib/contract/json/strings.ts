/** The same bytes as a Buffer, which decodes text natively. */
const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The text of UTF-8 bytes. */
export const textOf = (bytes: Uint8Array, start: number, end: number): string =>
  asBuffer(bytes).toString('utf8', start, end);

/** The text of bytes that are ASCII. */
export const asciiOf = (bytes: Uint8Array, start: number, end: number): string =>
  asBuffer(bytes).toString('latin1', start, end);

export const equalBytes = (a: Uint8Array, aStart: number, b: Uint8Array, bStart: number, length: number): boolean => {
  for (let i = 0; i < length; i += 1) if (a[aStart + i] !== b[bStart + i]) return false;
  return true;
};

// Drawn anew by each process: keys of a body that all have the same hash cannot be made beforehand.
const SEED = Math.trunc(Math.random() * 2 ** 32);
const FACTOR = Math.trunc(Math.random() * 2 ** 31) | 0x5000_0001;

/** A hash of 32 bits. */
export function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = SEED ^ (end - start);
  for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ (bytes[at] ?? 0), FACTOR);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b_3c6d);
  return hash ^ (hash >>> 13);
}

const BACKSLASH = 0x5c;
/** What stands behind the backslash, and what both stand for. */
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
 * Writes the text between the quotes of a valid JSON string as UTF-8 to `out` from `at`, which needs as many bytes as
 * there are between the quotes. Returns the offset behind it; its complement when half of a surrogate pair is missing.
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

/** Room for so many bytes that anybody may write to, until somebody else asks for it. */
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

/** The six bits of each letter of both alphabets of RFC 4648; 255 for other bytes. */
const BITS = new Uint8Array(256).fill(255);
for (const [bits, letter] of LETTERS.entries()) BITS[letter] = bits;
BITS[DASH] = 62;
BITS[UNDERSCORE] = 63;

/**
 * Decodes base64 to `out` from `at`, which needs three bytes for four letters. Takes either alphabet of RFC 4648, not
 * both, padded fully or not at all. Returns the offset behind the bytes; -1 for a text that is no base64.
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

/** Encodes bytes to `out` from `at` in the standard alphabet with padding; returns the offset behind it. */
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
