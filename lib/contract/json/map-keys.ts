import { type IntegerType, isInteger } from '../codec/ranges.ts';
import type { ScalarType } from '../descriptor/model.ts';
import { entryBehind, type JsonTape } from './json-tape.ts';
import { MAX_PROBLEMS, type Problems } from './problems.ts';
import { findRepeats, keyNumbers } from './repeats.ts';
import type { ScalarReader } from './scalar-reader.ts';
import { hashHalves } from './strings.ts';
import type { WireWriter } from './wire-writer.ts';

/** One map: its tape entry, and its key entries where they are not in text order. */
export interface MapKeys {
  readonly object: number;
  readonly order: Int32Array | undefined;
}

const NO_REPEATS: ReadonlyMap<number, number> = new Map();

/** Writes the keys of one map. */
export class MapKeyWriter {
  readonly #type: ScalarType;
  readonly #integer: IntegerType | undefined;
  readonly #problems: Problems;
  readonly #scalars: ScalarReader;
  readonly #writer: WireWriter;
  /** Keys that are the same integer as an earlier one: their entries. */
  readonly #repeats: ReadonlyMap<number, number> = NO_REPEATS;

  constructor(type: ScalarType, keys: MapKeys, { tape, problems, scalars, writer }: KeySinks) {
    this.#type = type;
    this.#integer = isInteger(type) ? type : undefined;
    this.#problems = problems;
    this.#scalars = scalars;
    this.#writer = writer;
    if (this.#integer && hasLongerForms(tape, keys.object)) {
      this.#repeats = repeatsOf(this.#integer, keys, tape, scalars);
    }
  }

  /** Writes a key without its tag. Returns the error, if any. */
  write(key: number): string | undefined {
    if (this.#integer) return this.#writeInteger(this.#integer, key);
    if (this.#type === 'bool') return this.#writeBool(key);
    const written = this.#scalars.text(key);
    return typeof written === 'object' ? `The key must be ${written.fault.slice('Must be '.length)}` : undefined;
  }

  #writeInteger(type: IntegerType, key: number): string | undefined {
    if (!this.#scalars.integerKey(type, key)) return `The key must be an integer that fits ${type}.`;
    const { high, low } = this.#scalars.integer;
    this.#writer.integer(type, high, low);
    const other = this.#repeats.get(key);
    return other === undefined ? undefined : `The same key as ${JSON.stringify(this.#problems.keyAt(other))}.`;
  }

  #writeBool(key: number): string | undefined {
    const isTrue = this.#scalars.is(key, TRUE);
    if (!isTrue && !this.#scalars.is(key, FALSE)) return 'The key must be true or false.';
    this.#writer.varint32(isTrue ? 1 : 0);
    return undefined;
  }
}

/** Entries of the first keys that are the same integer as an earlier key, and the entry of that key. */
function repeatsOf(
  type: IntegerType,
  { object, order }: MapKeys,
  tape: JsonTape,
  scalars: ScalarReader,
): Map<number, number> {
  const end = tape.entries[object + 1] ?? 0;
  // A member has at least four numbers on the tape.
  const most = order?.length ?? (end - object) >> 2;
  const numbers = keyNumbers(4 * most);
  const [keys, hashes] = [numbers.subarray(0, most), numbers.subarray(most, 2 * most)];
  const [highs, lows] = [numbers.subarray(2 * most, 3 * most), numbers.subarray(3 * most, 4 * most)];
  let count = 0;
  for (let i = 0, key = order?.[0] ?? object + 2; key < end; ) {
    if (scalars.integerKey(type, key)) {
      const { high, low } = scalars.integer;
      keys[count] = key;
      hashes[count] = hashHalves(high, low);
      highs[count] = high;
      lows[count] = low;
      count += 1;
    }
    i += 1;
    key = order ? (order[i] ?? end) : entryBehind(tape, key + 2);
  }
  const repeats = findRepeats({
    hashes: hashes.subarray(0, count),
    isSame: (a, b) => highs[a] === highs[b] && lows[a] === lows[b],
    limit: MAX_PROBLEMS,
  });
  return new Map(repeats.map(({ at, first }) => [keys[at] ?? 0, keys[first] ?? 0]));
}

const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');

/** The inputs and the output of a key writer. */
interface KeySinks {
  readonly tape: JsonTape;
  readonly problems: Problems;
  readonly scalars: ScalarReader;
  readonly writer: WireWriter;
}

/** Whether a key has leading zeros, a minus before zero, or escapes. Only then can two texts be the same number. */
function hasLongerForms({ bytes, entries }: JsonTape, object: number): boolean {
  const tape = { bytes, entries };
  const end = entries[object + 1] ?? 0;
  for (let key = object + 2; key < end; key = entryBehind(tape, key + 2)) {
    const start = (entries[key] ?? 0) + 1;
    const closing = entries[key + 1] ?? 0;
    const digits = bytes[start] === 0x2d ? start + 1 : start;
    if (closing < 0 || (bytes[digits] === 0x30 && closing - start > 1)) return true;
  }
  return false;
}
