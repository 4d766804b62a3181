import type { Clock } from '#core';
import type { ModelExit, ModelProcess, ModelRun, RunAnswer, RunRequest } from '../backends/model-backend.ts';

export interface ModelLifeOptions {
  readonly process: ModelProcess;
  readonly clock: Clock;
  /** Maximum time in which the model must react to an abort or a ping. */
  readonly graceMs: number;
  /** Time limit of a run. */
  readonly timeoutMs: number;
  /** Called when the model's thread stops or resumes answering pings. */
  readonly onBlocked: (isBlocked: boolean) => void;
}

/**
 * The answer to a request, or the exit of the process. `guilty`: the request was alone in the process, so it caused the
 * exit. Otherwise the request is repeated: alone, unless the guilty run is known.
 */
export type Outcome =
  | Exclude<RunAnswer, { readonly exit: ModelExit }>
  | { readonly exit: ModelExit; readonly verdict: Verdict };

export type Verdict = 'guilty' | 'repeat' | 'repeat-alone';

export interface LiveRun {
  /** One per request, in order. Never reject. */
  readonly outcomes: readonly Promise<Outcome>[];
  readonly abort: ModelRun['abort'];
  /** Whether the process had no other request since the start of this run. */
  readonly wasAlone: () => boolean;
  /** Whether an answer to a ping was slow since the start of this run, which may have been blocked then. */
  readonly wasStalled: () => boolean;
}

interface Tracked {
  readonly startedAt: number;
  unanswered: number;
  /** Requests that were not aborted. */
  notAborted: number;
  /** When the last of its requests was aborted, Unix milliseconds. */
  abortedAt: number | undefined;
}

const PING_EVERY_MS = 250;
const IDLE_CHECK_MS = 50;
/** A slower answer to a ping means that the thread was busy. */
const MAX_PONG_MS = 200;

/** One process of the model, from its setup to its exit. Tracks its runs and kills the process if it does not react. */
export class ModelLife {
  readonly #options: ModelLifeOptions;
  readonly #runs = new Set<Tracked>();
  readonly #over = new AbortController();
  #unanswered = 0;
  #answered = 0;
  /** Time of the last slow answer to a ping. */
  #stalledAt = Number.NEGATIVE_INFINITY;
  #killed: { readonly because: string; readonly verdict: Verdict } | undefined;
  #verdict: Verdict | undefined;

  constructor(options: ModelLifeOptions) {
    this.#options = options;
    void options.process.exited.then(() => this.#over.abort());
    void this.#watchThread();
  }

  /** Requests in the process that are not answered. */
  get unanswered(): number {
    return this.#unanswered;
  }

  get answered(): number {
    return this.#answered;
  }

  /** Resolves when every request is answered, or when the process has ended. Call when no more requests come. */
  async whenIdle(): Promise<void> {
    const { clock } = this.#options;
    while (this.#unanswered > 0 && !this.#over.signal.aborted) await clock.sleep(IDLE_CHECK_MS, this.#over.signal);
  }

  /** Resolves with the reason of the exit, as the end of a sentence. */
  get ended(): Promise<string> {
    return this.#options.process.exited.then(({ description }) => this.#killed?.because ?? description);
  }

  run(requests: readonly RunRequest[]): LiveRun {
    const { process, clock } = this.#options;
    const startedAt = clock.now();
    const answeredBefore = this.#answered;
    const tracked: Tracked = {
      startedAt,
      unanswered: requests.length,
      notAborted: requests.length,
      abortedAt: undefined,
    };
    this.#runs.add(tracked);
    this.#unanswered += requests.length;
    const isTooLate = this.#verdict !== undefined;
    const { answers, abort } = process.run(requests);
    return {
      outcomes: answers.map(async (promise) => {
        const answer = await promise;
        if (!('exit' in answer)) return this.#answeredIn(tracked, answer);
        return { exit: answer.exit, verdict: isTooLate ? 'repeat' : this.#judge() };
      }),
      abort: (position, cause) => {
        abort(position, cause);
        tracked.notAborted--;
        if (tracked.notAborted > 0) return;
        tracked.abortedAt = clock.now();
        void this.#killUnlessFinished(tracked);
      },
      wasAlone: () => this.#unanswered <= 1 && this.#answered === answeredBefore,
      // By the clock of the pings: the worker judges by the clock of the store.
      wasStalled: () => this.#stalledAt >= startedAt,
    };
  }

  /** Whether the model's thread answers a ping within `graceMs`. */
  async reacts(): Promise<boolean> {
    const { process, clock, graceMs } = this.#options;
    const decided = new AbortController();
    const askedAt = clock.now();
    const pong = process.ping().then(
      () => {
        const now = clock.now();
        if (now - askedAt > MAX_PONG_MS) this.#stalledAt = now;
        return true;
      },
      () => false,
    );
    const late = clock.sleep(graceMs, decided.signal).then(() => false);
    return Promise.race([pong, late]).finally(() => decided.abort());
  }

  #answeredIn<Answer>(tracked: Tracked, answer: Answer): Answer {
    this.#answered++;
    this.#unanswered--;
    tracked.unanswered--;
    if (tracked.unanswered === 0) this.#runs.delete(tracked);
    return answer;
  }

  /** One verdict for all requests that were in the process when it ended. */
  #judge(): Verdict {
    this.#verdict ??= this.#killed?.verdict ?? (this.#unanswered === 1 ? 'guilty' : 'repeat-alone');
    return this.#verdict;
  }

  /** Sends pings while the process has requests. */
  async #watchThread(): Promise<void> {
    const { process, clock, onBlocked } = this.#options;
    const { signal } = this.#over;
    for (;;) {
      await clock.sleep(PING_EVERY_MS, signal);
      if (signal.aborted) return;
      if (this.#unanswered === 0 || (await this.reacts()) || signal.aborted) continue;
      onBlocked(true);
      const isBack = await process.ping().then(
        () => true,
        () => false,
      );
      if (!isBack) return;
      onBlocked(false);
    }
  }

  /**
   * Kills the process if an aborted run does not end: once all its runs are aborted, or once this run exceeds the
   * model's time limit. Killing it earlier would allow one caller to end the runs of others with a short timeout.
   */
  async #killUnlessFinished(tracked: Tracked): Promise<void> {
    const { process, clock, graceMs, timeoutMs } = this.#options;
    const { signal } = this.#over;
    let reacted = false;
    void process.ping().then(
      () => {
        reacted = true;
      },
      () => undefined,
    );
    for (;;) {
      await clock.sleep(graceMs, signal);
      if (signal.aborted || !this.#runs.has(tracked)) return;
      const ignoredSince = clock.now() - graceMs;
      const isLate = tracked.startedAt + timeoutMs <= ignoredSince;
      const areAllAborted = [...this.#runs].every(({ abortedAt = Infinity }) => abortedAt <= ignoredSince);
      if (!isLate && !areAllAborted) continue;
      // If the thread answers, only this run ignored its abort. If it is blocked, any run may have blocked it.
      const verdict = reacted ? 'repeat' : 'repeat-alone';
      this.#killed ??= { because: 'was killed: a run ignored its abort signal.', verdict };
      process.kill();
      return;
    }
  }
}
