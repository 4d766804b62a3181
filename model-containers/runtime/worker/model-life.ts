import type { Clock } from '#core';
import type { ModelExit, ModelProcess, ModelRun, RunAnswer, RunRequest } from '../backends/model-backend.ts';

export interface ModelLifeOptions {
  readonly process: ModelProcess;
  readonly clock: Clock;
  /** How long the model may take to react to an abort or a ping. */
  readonly graceMs: number;
  /** The longest run of the model. */
  readonly timeoutMs: number;
  /** Called when the thread of the model stops or starts to answer pings. */
  readonly onBlocked: (isBlocked: boolean) => void;
}

/**
 * An answer, or the end of the process. A request that was `alone` in the process is guilty of its end. Others run
 * again: in company when the guilty run is known, otherwise alone.
 */
export type Outcome =
  | Exclude<RunAnswer, { readonly exit: ModelExit }>
  | { readonly exit: ModelExit; readonly verdict: Verdict };

export type Verdict = 'guilty' | 'repeat' | 'repeat-alone';

export interface LiveRun {
  /** One per request, in order. They never reject. */
  readonly outcomes: readonly Promise<Outcome>[];
  readonly abort: ModelRun['abort'];
}

interface Tracked {
  readonly startedAt: number;
  /** Requests that the model has not answered. */
  unanswered: number;
  /** Requests that were not aborted. */
  wanted: number;
  /** Since when nobody waits for any of its answers. */
  unwantedSince: number | undefined;
}

const PING_EVERY_MS = 250;
/** An answer to a ping that takes longer tells that the thread was busy. */
const MAX_PONG_MS = 200;

/** One process of the model from its setup to its end: tracks what is in it and kills it when it does not react. */
export class ModelLife {
  readonly #options: ModelLifeOptions;
  readonly #runs = new Set<Tracked>();
  readonly #over = new AbortController();
  #unanswered = 0;
  #answered = 0;
  /** When a ping that had to wait was last answered. */
  #stalledAt = Number.NEGATIVE_INFINITY;
  #killed: { readonly because: string; readonly verdict: Verdict } | undefined;
  #verdict: Verdict | undefined;

  constructor(options: ModelLifeOptions) {
    this.#options = options;
    void options.process.exited.then(() => this.#over.abort());
    void this.#watchThread();
  }

  /** Requests in the process that the model has not answered. */
  get unanswered(): number {
    return this.#unanswered;
  }

  /** Requests that the model has answered. */
  get answered(): number {
    return this.#answered;
  }

  /** Resolves with why the process ended, as the end of a sentence. */
  get ended(): Promise<string> {
    return this.#options.process.exited.then(({ description }) => this.#killed?.because ?? description);
  }

  run(requests: readonly RunRequest[]): LiveRun {
    const { process, clock } = this.#options;
    const tracked: Tracked = {
      startedAt: clock.now(),
      unanswered: requests.length,
      wanted: requests.length,
      unwantedSince: undefined,
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
        tracked.wanted--;
        if (tracked.wanted > 0) return;
        tracked.unwantedSince = clock.now();
        void this.#killUnlessFinished(tracked);
      },
    };
  }

  /**
   * Whether the thread of the model let a ping wait since then, Unix milliseconds: a run under way may have been kept
   * from going on.
   */
  wasStalledSince(ms: number): boolean {
    return this.#stalledAt >= ms;
  }

  /** Resolves with whether the thread of the model answers within the time it may take to react. */
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

  /** The same for every request that was in the process when it ended. */
  #judge(): Verdict {
    this.#verdict ??= this.#killed?.verdict ?? (this.#unanswered === 1 ? 'guilty' : 'repeat-alone');
    return this.#verdict;
  }

  /** Pings while requests are in the process. */
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
   * Kills the process when a run goes on that nobody wants: once no run in it is wanted, or once this one has passed the
   * limit of the model. Before that, the caller of one run could end the runs of others by a short timeout.
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
      const isUseless = [...this.#runs].every(({ unwantedSince = Infinity }) => unwantedSince <= ignoredSince);
      if (!isLate && !isUseless) continue;
      // With a free thread the run that ignored its abort is known. Any run may have blocked a blocked one.
      const verdict = reacted ? 'repeat' : 'repeat-alone';
      this.#killed ??= { because: 'was killed: a run ignored its abort signal.', verdict };
      process.kill();
      return;
    }
  }
}
