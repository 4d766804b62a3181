/**
 * Where the values and keys of a JSON text are: two numbers for each, in the order of the text. The first is the offset
 * of its first byte. The second is, of an object or array, the index of the entry behind its last one; of a string the
 * offset of its closing quote, or the bitwise complement of that when the string has escapes; of anything else the
 * offset behind it. A tape takes four bytes for each byte of the text at most, where `JSON.parse` takes up to 28.
 */
export interface JsonTape {
  readonly bytes: Uint8Array;
  readonly entries: Int32Array;
}

/** The entry behind the value at `entry`. */
export function entryBehind({ bytes, entries }: JsonTape, entry: number): number {
  const kind = bytes[entries[entry] ?? 0];
  return kind === 0x7b || kind === 0x5b ? (entries[entry + 1] ?? 0) : entry + 2;
}

/** A JSON value in words, without repeating it. */
export function nameOf({ bytes, entries }: JsonTape, entry: number): string {
  switch (bytes[entries[entry] ?? 0]) {
    case 0x7b:
      return 'an object';
    case 0x5b:
      return 'an array';
    case 0x22:
      return 'a string';
    case 0x74:
    case 0x66:
      return 'a boolean';
    case 0x6e:
      return 'null';
    default:
      return 'a number';
  }
}
