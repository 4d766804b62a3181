import type { Submission } from './submission.ts';

/** A task as the API shows it. */
export interface SeenTask {
  readonly id: string;
  readonly state: string;
  readonly attempts: number;
  readonly result: { readonly digest?: string } | null;
  readonly error: { readonly code: string } | null;
  readonly ended_at: string | null;
}

/** Kinds of violations. Every one of them fails the suite. */
export const VIOLATIONS = ['lost', 'wrong', 'changed', 'doubled'] as const;
export type Violation = (typeof VIOLATIONS)[number];

/** An accepted submission. */
export interface Accepted {
  readonly id: string;
  readonly submission: Submission;
  /** As it was when its end was first seen, and when that was in ms of `performance.now()`. */
  end?: SeenTask;
  endSeenAt?: number;
  isMissing?: boolean;
}

interface LedgerOptions {
  readonly maxAttempts: number;
  /** Runs of one task, with those that are not charged. */
  readonly maxRuns: number;
  /** Called with a sentence about each violation. */
  readonly onViolation: (text: string) => void;
}

/** What was accepted, what was seen of it, and what should not have been seen. */
export class Ledger {
  readonly violations: { readonly kind: Violation; readonly text: string }[] = [];
  readonly #options: LedgerOptions;
  readonly #accepted = new Map<string, Accepted>();
  readonly #idOfKey = new Map<string, string>();
  readonly #open = new Set<Accepted>();

  constructor(options: LedgerOptions) {
    this.#options = options;
  }

  get accepted(): readonly Accepted[] {
    return [...this.#accepted.values()];
  }

  /** Accepted and not seen to have ended. */
  get open(): readonly Accepted[] {
    return [...this.#open];
  }

  /** A submit was answered with this task. `askedAt` is in ms of `performance.now()`. */
  noteAccepted(submission: Submission, seen: SeenTask, askedAt: number): void {
    const { key } = submission;
    const idOfKey = key === undefined ? undefined : this.#idOfKey.get(key);
    if (idOfKey !== undefined && idOfKey !== seen.id) this.#violate('doubled', `${key} is ${idOfKey} and ${seen.id}`);
    if (key !== undefined) this.#idOfKey.set(key, seen.id);
    const known = this.#accepted.get(seen.id);
    if (known && known.submission !== submission) {
      this.#violate('wrong', `${seen.id} was answered to ${known.submission.token} and to ${submission.token}`);
      return;
    }
    const accepted = known ?? { id: seen.id, submission };
    this.#accepted.set(seen.id, accepted);
    if (!known) this.#open.add(accepted);
    this.noteSeen(accepted, seen, askedAt);
  }

  /** A read of an accepted task was answered with this. */
  noteSeen(accepted: Accepted, seen: SeenTask, askedAt: number): void {
    const { id, submission, end } = accepted;
    if (seen.id !== id) {
      this.#violate('wrong', `${id} was asked for, and ${seen.id} answered`);
      return;
    }
    if (seen.attempts > this.#options.maxAttempts) this.#violate('doubled', `${id} has ${seen.attempts} attempts`);
    if (end) {
      const isLate = !isEnded(seen) && askedAt < Number(accepted.endSeenAt);
      if (summaryOf(end) !== summaryOf(seen) && !isLate) {
        this.#violate('changed', `${id} ended as ${summaryOf(end)} and then was ${summaryOf(seen)}`);
      }
    } else if (isEnded(seen)) {
      accepted.end = seen;
      accepted.endSeenAt = performance.now();
      this.#open.delete(accepted);
      if (!submission.ends.includes(seen.state)) {
        this.#violate('wrong', `${id} (${submission.body}) ended as ${summaryOf(seen)}`);
      } else if (seen.state === 'succeeded' && seen.result?.digest !== submission.digest) {
        this.#violate('wrong', `${id} (${submission.body}) has the result ${JSON.stringify(seen.result)}`);
      }
    }
  }

  /** A read of an accepted task was answered with 404. */
  noteMissing(accepted: Accepted): void {
    const { id, submission, isMissing } = accepted;
    if (!isMissing) this.#violate('lost', `${id} (${submission.body}) was not found`);
    accepted.isMissing = true;
  }

  /** Tasks that are still open have not ended in time. */
  noteOver(): void {
    for (const { id, submission } of this.#open) this.#violate('lost', `${id} (${submission.body}) did not end`);
  }

  /** How often a task began to run. */
  noteRuns(id: string, runs: number): void {
    if (runs > this.#options.maxRuns) this.#violate('doubled', `${id} ran ${runs} times`);
  }

  /** Everything that a listing has shown. */
  noteListed(ids: readonly string[]): void {
    const listed = new Set(ids);
    if (listed.size < ids.length) this.#violate('doubled', `${ids.length - listed.size} tasks are listed twice`);
    for (const id of this.#accepted.keys()) if (!listed.has(id)) this.#violate('lost', `${id} is not listed`);
  }

  /** An answer that the API must not give. */
  noteAnswer(text: string): void {
    this.#violate('wrong', text);
  }

  #violate(kind: Violation, text: string): void {
    this.violations.push({ kind, text });
    this.#options.onViolation(`${kind}: ${text}`);
  }
}

const isEnded = ({ state }: SeenTask): boolean => state !== 'queued' && state !== 'running';

const summaryOf = ({ state, attempts, result, error, ended_at }: SeenTask): string =>
  JSON.stringify({ state, attempts, result, error: error?.code, ended_at });
