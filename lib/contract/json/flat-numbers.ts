const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const MINUS = 0x2d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

const MAX_CHUNK_BYTES = 2 ** 20;
/** Longer text members are not returned. In bytes, all of which may be escapes. */
const MAX_TEXT_BYTES = 6 * 200;

export interface FlatNumbers {
  /** The numbers as a JSON array, or an array with the whole text if it has no numbers. */
  readonly pieces: readonly Uint8Array[];
  /** The string member of the requested name. */
  readonly text?: string;
}

/**
 * Extracts the numbers of a compact JSON text: of its members, and of arrays that are members. Reads each byte once and
 * creates no objects, because a parsed list of numbers takes many times the memory of its text.
 */
export function flatNumbers(text: readonly Uint8Array[], name: string): FlatNumbers {
  const scan = new FlatScan(JSON.stringify(name));
  for (const piece of text) scan.read(piece);
  const numbers = scan.finish();
  const pieces = numbers.length > 0 ? numbers : [Buffer.from('['), ...text, Buffer.from(']')];
  return { pieces, ...(scan.found === undefined ? {} : { text: scan.found }) };
}

class FlatScan {
  found: string | undefined;
  readonly #key: string;
  readonly #out = new Chunks();
  #depth = 0;
  /** Whether numbers at this depth are extracted. */
  #isWanted = false;
  /** Whether the outermost value is an object, and whether the last member is an array. */
  #isObject = false;
  #isList = false;
  #isNumber = false;
  #isString = false;
  #isEscaped = false;
  /** Whether the next string of the outermost object is a key, and whether the last key was the requested one. */
  #isKey = false;
  #isFound = false;
  /** The current string of the outermost object, with its quotes. */
  readonly #held = Buffer.alloc(MAX_TEXT_BYTES + 2);
  #heldLength = 0;

  constructor(key: string) {
    this.#key = key;
  }

  read(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += 1) {
      const byte = bytes[at] ?? 0;
      if (this.#isString) this.#inString(byte);
      else if (this.#isNumber && byte !== COMMA && byte !== CLOSE_BRACKET && byte !== CLOSE_BRACE) this.#out.byte(byte);
      else if (this.#isWanted && (byte === MINUS || (byte >= 0x30 && byte <= 0x39))) {
        this.#out.byte(this.#out.isEmpty ? OPEN_BRACKET : COMMA);
        this.#out.byte(byte);
        this.#isNumber = true;
      } else this.#mark(byte);
    }
  }

  finish(): readonly Uint8Array[] {
    if (!this.#out.isEmpty) this.#out.byte(CLOSE_BRACKET);
    return this.#out.all();
  }

  #mark(byte: number): void {
    this.#isNumber = false;
    if (byte === QUOTE) {
      this.#isString = true;
      this.#heldLength = 0;
      this.#hold(byte);
    } else if (byte === COMMA) this.#isKey = this.#isObject;
    else if (byte === COLON) this.#isKey = false;
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      this.#depth += 1;
      if (this.#depth === 1) this.#isObject = byte === OPEN_BRACE;
      this.#isKey = this.#isObject;
      if (this.#depth === 2) this.#isList = byte === OPEN_BRACKET;
      this.#isWanted = this.#depth === 1 || (this.#depth === 2 && this.#isList);
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      this.#depth -= 1;
      this.#isWanted = this.#depth === 1 || (this.#depth === 2 && this.#isList);
    }
  }

  #inString(byte: number): void {
    this.#hold(byte);
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === BACKSLASH) this.#isEscaped = true;
    else if (byte === QUOTE) {
      this.#isString = false;
      if (this.#depth === 1) this.#note();
    }
  }

  #hold(byte: number): void {
    if (this.#depth === 1 && this.#heldLength < this.#held.length) this.#held[this.#heldLength] = byte;
    this.#heldLength += 1;
  }

  #note(): void {
    const isWhole = this.#heldLength <= this.#held.length;
    const text = isWhole ? this.#held.toString('utf8', 0, this.#heldLength) : '';
    if (this.#isKey) this.#isFound = text === this.#key;
    else if (this.#isFound && this.#isObject && isWhole) this.found = JSON.parse(text) as string;
  }
}

/** Bytes in chunks that are never copied. */
class Chunks {
  readonly #full: Uint8Array[] = [];
  #chunk = new Uint8Array(1024);
  #at = 0;

  get isEmpty(): boolean {
    return this.#at === 0 && this.#full.length === 0;
  }

  byte(byte: number): void {
    if (this.#at === this.#chunk.length) {
      this.#full.push(this.#chunk);
      this.#chunk = new Uint8Array(Math.min(MAX_CHUNK_BYTES, 2 * this.#at));
      this.#at = 0;
    }
    this.#chunk[this.#at++] = byte;
  }

  all(): readonly Uint8Array[] {
    return this.isEmpty ? [] : [...this.#full, this.#chunk.subarray(0, this.#at)];
  }
}
