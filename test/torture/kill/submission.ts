import { createHash } from 'node:crypto';

/** What the model is asked to do, how often, and how long that takes in seconds. */
const ACTIONS = [
  { action: 'quick', weight: 740, seconds: [0, 0.05] },
  { action: 'slow', weight: 150, seconds: [0.3, 1.5] },
  { action: 'block', weight: 50, seconds: [0.1, 1] },
  // Longer than a lease.
  { action: 'block', weight: 2, seconds: [6, 7] },
  { action: 'refuse', weight: 40, seconds: [0, 0.05] },
  { action: 'fail', weight: 6, seconds: [0, 0.05] },
  { action: 'crash', weight: 2, seconds: [0, 0.1] },
] as const;
const TOTAL_WEIGHT = ACTIONS.reduce((sum, { weight }) => sum + weight, 0);
const FAILING: ReadonlySet<string> = new Set(['refuse', 'fail', 'crash']);

const KEYED_SHARE = 0.5;
const HASTY_SHARE = 0.03;
const HASTY_DEADLINE_SECONDS = 10;

/** A request that is submitted, and submitted again if it has a key. */
export interface Submission {
  readonly token: string;
  readonly body: string;
  readonly key?: string;
  /** Its key was used before, so it may be refused. */
  readonly isReuse: boolean;
  readonly deadlineSeconds: number;
  /** States in which it may end. */
  readonly ends: readonly string[];
  /** Of its result, if it succeeds. */
  readonly digest: string;
}

interface Input {
  readonly action: string;
  readonly seconds: number;
  readonly key: string | undefined;
  readonly isHasty: boolean;
  readonly isReuse: boolean;
}

/** Makes submissions, the same for the same numbers. */
export class Submissions {
  readonly #random: () => number;
  readonly #deadlineSeconds: number;
  #count = 0;

  constructor(random: () => number, deadlineSeconds: number) {
    this.#random = random;
    this.#deadlineSeconds = deadlineSeconds;
  }

  next(): Submission {
    const { action, seconds } = this.#draw();
    const isHasty = this.#random() < HASTY_SHARE;
    const key = this.#random() < KEYED_SHARE ? `key-${this.#count}` : undefined;
    return this.#make({ action, seconds, key, isHasty, isReuse: false });
  }

  /** Another request under the same key. */
  insteadOf({ key }: Submission): Submission {
    return this.#make({ action: 'quick', seconds: 0, key, isHasty: false, isReuse: true });
  }

  #make({ action, seconds, key, isHasty, isReuse }: Input): Submission {
    const token = `token-${this.#count}`;
    this.#count += 1;
    return {
      token,
      body: JSON.stringify({ token, action, seconds }),
      ...(key === undefined ? {} : { key }),
      isReuse,
      deadlineSeconds: isHasty ? HASTY_DEADLINE_SECONDS : this.#deadlineSeconds,
      ends: [FAILING.has(action) ? 'failed' : 'succeeded', ...(isHasty ? ['expired'] : [])],
      digest: createHash('sha256').update(token).digest('hex'),
    };
  }

  #draw(): { readonly action: string; readonly seconds: number } {
    let left = this.#random() * TOTAL_WEIGHT;
    const chosen = ACTIONS.find(({ weight }) => {
      left -= weight;
      return left < 0;
    });
    const { action, seconds } = chosen ?? ACTIONS[0];
    const [shortest, longest] = seconds;
    return { action, seconds: shortest + this.#random() * (longest - shortest) };
  }
}
