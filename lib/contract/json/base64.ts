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
