import { setImmediate as breathe, setTimeout as sleep } from 'node:timers/promises';
import { type Outcome, SUCCEEDED } from './predict.ts';
import { milliseconds, type Percentiles, percentiles } from './statistics.ts';

/** One request from the client's view. */
export interface Sample {
  /** The due time, in milliseconds after the start. */
  readonly atMs: number;
  /** From the due time to the end, so a delay of the client is included. Undefined if it was not sent. */
  readonly tookMs: number | undefined;
  readonly what: string;
}

/** All observations of a run. */
export interface Measured {
  /** By due time. */
  readonly samples: readonly Sample[];
  /** The first outcome of each kind. */
  readonly firsts: ReadonlyMap<string, Outcome>;
  /** How often accepted tasks were polled again, by reason. */
  readonly askedAgain: ReadonlyMap<string, number>;
  /** Delays of the client itself, of all requests that it sent. */
  readonly sentLateMs: Percentiles;
  /** Requests in flight when the run was stopped. */
  readonly unfinished: number;
  /** Duration of the sending phase. */
  readonly sendingMs: number;
}

export interface Schedule {
  /** Requests per second. */
  readonly rate: number;
  readonly seconds: number;
  /** Maximum number of concurrent requests. */
  readonly inFlight: number;
}

/** Sends one request. Undefined when `stop` aborts first. */
export type Send = (stop: AbortSignal) => Promise<Outcome | undefined>;

const NEVER_LATE: Percentiles = { p50: 0, p90: 0, p99: 0, max: 0 };
const TELL_MS = 1000;
/** Limits a burst of late requests, so that responses are still processed in between. */
const SENT_AT_ONCE = 50;

/**
 * Sends at a constant rate (open loop): a request does not wait for earlier responses, and latency counts from its due
 * time. Requests due beyond `inFlight` are counted but not sent. `tell` receives one line per second. `stop` ends the
 * run with the observations so far.
 */
export async function runLoad(
  schedule: Schedule,
  send: Send,
  { tell, stop }: { readonly tell: (line: string) => void; readonly stop: AbortSignal },
): Promise<Measured> {
  const total = Math.max(1, Math.round(schedule.rate * schedule.seconds));
  const run = new Run(schedule, total, send, stop);
  const progress = setInterval(() => tell(run.progress()), TELL_MS);
  for (let index = 0; index < total && !stop.aborted; index++) {
    const early = run.earlyMs(index);
    if (early > 1) await sleep(early, undefined, { signal: stop }).catch(() => undefined);
    else if (index % SENT_AT_ONCE === 0) await breathe();
    if (!stop.aborted) run.start(index);
  }
  const sendingMs = run.elapsedMs();
  await run.end();
  clearInterval(progress);
  return { ...run.measured(), sendingMs };
}

class Run {
  readonly #schedule: Schedule;
  readonly #total: number;
  readonly #send: Send;
  readonly #stop: AbortSignal;
  readonly #startedAt = performance.now();
  readonly #samples: Sample[] = [];
  readonly #firsts = new Map<string, Outcome>();
  readonly #askedAgain = new Map<string, number>();
  readonly #underWay = new Set<Promise<void>>();
  #started = 0;
  #succeeded = 0;
  #unfinished = 0;
  readonly #sentLateMs: number[] = [];
  #latest: number[] = [];

  constructor(schedule: Schedule, total: number, send: Send, stop: AbortSignal) {
    this.#schedule = schedule;
    this.#total = total;
    this.#send = send;
    this.#stop = stop;
  }

  elapsedMs(): number {
    return performance.now() - this.#startedAt;
  }

  earlyMs(index: number): number {
    return this.#dueMs(index) - this.elapsedMs();
  }

  start(index: number): void {
    const { inFlight } = this.#schedule;
    const dueMs = this.#dueMs(index);
    if (this.#underWay.size >= inFlight) {
      this.#note(dueMs, undefined, { what: `not sent: ${inFlight} were under way` });
      return;
    }
    const sentMs = this.elapsedMs();
    this.#started += 1;
    this.#sentLateMs.push(Math.max(0, sentMs - dueMs));
    const running = this.#send(this.#stop).then((outcome) => {
      this.#underWay.delete(running);
      // A timer may fire up to a millisecond early.
      if (outcome) this.#note(dueMs, this.elapsedMs() - Math.min(dueMs, sentMs), outcome);
      else this.#unfinished += 1;
    });
    this.#underWay.add(running);
  }

  async end(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  /** A line about the last second; starts the next one. */
  progress(): string {
    const latest = percentiles(this.#latest);
    const took = latest ? `; lately p50 ${milliseconds(latest.p50)} ms, p99 ${milliseconds(latest.p99)} ms` : '';
    this.#latest = [];
    const otherwise = this.#samples.length - this.#succeeded;
    return (
      `${Math.round(this.elapsedMs() / 1000)} s: ${this.#started} of ${this.#total} sent, ` +
      `${this.#succeeded} succeeded, ${otherwise} did not, ${this.#underWay.size} under way${took}`
    );
  }

  measured(): Omit<Measured, 'sendingMs'> {
    return {
      samples: this.#samples.toSorted((a, b) => a.atMs - b.atMs),
      firsts: this.#firsts,
      askedAgain: this.#askedAgain,
      sentLateMs: percentiles(this.#sentLateMs) ?? NEVER_LATE,
      unfinished: this.#unfinished,
    };
  }

  #dueMs(index: number): number {
    return (index / this.#schedule.rate) * 1000;
  }

  #note(atMs: number, tookMs: number | undefined, outcome: Outcome): void {
    const { what, askedAgain = [] } = outcome;
    this.#samples.push({ atMs, tookMs, what });
    if (!this.#firsts.has(what)) this.#firsts.set(what, outcome);
    for (const why of askedAgain) this.#askedAgain.set(why, (this.#askedAgain.get(why) ?? 0) + 1);
    if (what !== SUCCEEDED) return;
    this.#succeeded += 1;
    if (tookMs !== undefined) this.#latest.push(tookMs);
  }
}
