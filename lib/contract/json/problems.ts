import type { FieldError } from '../errors.ts';
import type { JsonTape } from './json-tape.ts';
import { textOf } from './strings.ts';

/** Where something is in a body: the index of an element, the complement of the tape entry of a key, or a key that is missing. */
type Step = number | string;

const MAX_PROBLEMS = 100;
/** A pointer that would be longer points at what is around the place. */
const MAX_POINTER_LENGTH = 1000;

/** Ends the reading of a body: enough is wrong with it. */
export class TooManyProblems extends Error {
  override readonly name = 'TooManyProblems';
}

/** Collects what is wrong with a value, and where, while it is walked. */
export class Problems {
  readonly errors: FieldError[] = [];
  /** From the body to the place that is read now. */
  readonly path: Step[] = [];
  readonly #tape: JsonTape;

  constructor(tape: JsonTape) {
    this.#tape = tape;
  }

  /** Something is wrong here. Throws `TooManyProblems` at the last one that is listed. */
  add(message: string): void {
    this.errors.push({ pointer: this.#pointer(), message });
    if (this.errors.length < MAX_PROBLEMS) return;
    this.errors.push({
      pointer: '',
      message: `More may be wrong: only the first ${MAX_PROBLEMS} problems are listed.`,
    });
    throw new TooManyProblems();
  }

  /** Something is wrong with the member whose key is at this entry of the tape. */
  addAt(keyEntry: number, message: string): void {
    this.path.push(~keyEntry);
    this.add(message);
    this.path.pop();
  }

  /** The key at an entry of the tape, cut when it is far longer than a pointer may be. */
  keyAt(entry: number): string {
    const { bytes, entries } = this.#tape;
    const start = (entries[entry] ?? 0) + 1;
    const end = entries[entry + 1] ?? 0;
    const length = (end < 0 ? ~end : end) - start;
    // Too long to be shown, whatever its escapes stand for; it must not be decoded for each of its problems.
    if (length > 6 * MAX_POINTER_LENGTH) return textOf(bytes, start, start + 6 * MAX_POINTER_LENGTH);
    return JSON.parse(textOf(bytes, start - 1, start + length + 1)) as string;
  }

  /** RFC 6901. */
  #pointer(): string {
    let pointer = '';
    for (const step of this.path) {
      const key = typeof step === 'number' && step < 0 ? this.keyAt(~step) : String(step);
      const longer = `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      if (longer.length > MAX_POINTER_LENGTH) break;
      pointer = longer;
    }
    return pointer;
  }
}
