import type { FieldError } from '../errors.ts';

const MAX_LISTED = 1000;

/** Collects what is wrong with a value, and where, while it is walked. */
export class Problems {
  readonly #errors: FieldError[] = [];
  readonly #path: (string | number)[] = [];
  #unlisted = 0;

  /** Everything found, in the order of the walk; past a thousand only their number. */
  get errors(): readonly FieldError[] {
    if (this.#unlisted === 0) return this.#errors;
    return [...this.#errors, { pointer: '', message: `There are ${this.#unlisted} more problems.` }];
  }

  /** Steps into a member or an element; `leave` steps out again. */
  enter(key: string | number): void {
    this.#path.push(key);
  }

  leave(): void {
    this.#path.pop();
  }

  /** Something is wrong here. */
  add(message: string): void {
    if (this.#errors.length < MAX_LISTED) this.#errors.push({ pointer: pointerOf(this.#path), message });
    else this.#unlisted += 1;
  }
}

/** RFC 6901. */
const pointerOf = (path: readonly (string | number)[]): string =>
  path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
