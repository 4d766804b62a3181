import { pseudoRandom } from '#test/support/pseudo-random.ts';

/** Tasks that arrive, and how they run. */
export interface Load {
  readonly name: string;
  readonly minutes: number;
  /** Tasks that arrive in this second. */
  arrivals(second: number): number;
  readonly serviceSeconds: number;
  readonly slots: number;
  /** Runs of one task until it leaves the queue: 1, or all attempts of a task that always fails. */
  readonly runs: number;
}

/** What a second looked like. */
export interface Moment {
  readonly desired: number;
  readonly ready: number;
  readonly held: number;
  readonly delayed: number;
}

interface SimulatedInstance {
  readonly registersAt: number;
  readonly readyAt: number;
  stopsAt: number;
  busyAt: number;
}

/** Changes the desired count. Runs every second. */
export type Policy = (world: World, second: number) => void;

const MAX_INSTANCES = 10;
const RETRY_SECONDS = 60;
const WAKE_LOCK_SECONDS = 60;
/** ECS compares running and desired tasks this often. */
const RECONCILE_SECONDS = 5;
/** From the decision to a registered instance: network interface, image, process. */
const START_SECONDS = { least: 25, most: 60 };
const SETUP_SECONDS = 5;

/**
 * One model on ECS and SQS, second by second: arrivals, runs, retries, starts that take their time, and the waking by
 * submits. Everything that AWS promises only roughly is drawn from the seed.
 */
export class World {
  readonly load: Load;
  readonly random: () => number;
  readonly max = MAX_INSTANCES;
  readonly moments: Moment[] = [];
  desired = 0;
  second = 0;
  /** Times at which a number above 0 was taken back before any instance was ready, while tasks waited. */
  undoneWakes = 0;
  #instances: SimulatedInstance[] = [];
  /** Waiting and running tasks by the number of runs that they have left. */
  #waiting: number[];
  #delayed: { readonly at: number; readonly left: number; readonly count: number }[] = [];
  #credit = 0;
  #wakingUntil = 0;

  constructor(load: Load, seed: number) {
    this.load = load;
    this.random = pseudoRandom(seed);
    this.#waiting = Array<number>(load.runs + 1).fill(0);
  }

  run(policy: Policy): readonly Moment[] {
    for (this.second = 0; this.second < this.load.minutes * 60; this.second++) {
      if (this.second % RECONCILE_SECONDS === 0) this.#reconcile();
      this.#serve();
      this.#arrive();
      policy(this, this.second);
      const { desired, held, delayed } = this;
      this.moments.push({ desired, ready: this.#ready().length, held, delayed });
    }
    return this.moments;
  }

  /** Waiting and running tasks. */
  get held(): number {
    return this.#waiting.reduce((sum, count) => sum + count, 0);
  }

  get running(): number {
    return Math.min(this.held, this.#ready().length * this.load.slots);
  }

  get delayed(): number {
    return this.#delayed.reduce((sum, { count }) => sum + count, 0);
  }

  /** Registered instances that are not stopping, oldest first. */
  get live(): readonly { readonly startedAt: number; readonly busyAt: number; readonly isReady: boolean }[] {
    return this.#instances
      .filter(({ registersAt, stopsAt }) => registersAt <= this.second && stopsAt > this.second)
      .map(({ registersAt, readyAt, busyAt }) => ({ startedAt: registersAt, busyAt, isReady: readyAt <= this.second }));
  }

  setDesired(desired: number): void {
    const wakes = this.#instances.some(({ readyAt, stopsAt }) => readyAt <= this.second && stopsAt > this.second);
    if (desired === 0 && this.desired > 0 && !wakes && this.held > 0) this.undoneWakes++;
    this.desired = Math.min(this.max, Math.max(0, desired));
  }

  /** A submit wakes a model without live instances, and then leaves it alone for a minute. */
  #arrive(): void {
    const arrived = this.load.arrivals(this.second);
    if (arrived === 0) return;
    this.#waiting[this.load.runs] = (this.#waiting[this.load.runs] ?? 0) + arrived;
    if (this.live.length > 0 || this.#wakingUntil > this.second) return;
    this.#wakingUntil = this.second + WAKE_LOCK_SECONDS;
    if (this.desired === 0) this.desired = 1;
  }

  #reconcile(): void {
    this.#instances = this.#instances.filter(({ stopsAt }) => stopsAt > this.second);
    const { least, most } = START_SECONDS;
    while (this.#instances.length < this.desired) {
      const registersAt = this.second + least + Math.floor(this.random() * (most - least));
      const readyAt = registersAt + SETUP_SECONDS;
      this.#instances.push({ registersAt, readyAt, stopsAt: Number.POSITIVE_INFINITY, busyAt: readyAt });
    }
    for (const instance of this.#instances.slice(this.desired)) instance.stopsAt = this.second;
  }

  #serve(): void {
    for (const { left, count } of this.#delayed.filter(({ at }) => at <= this.second)) {
      this.#waiting[left] = (this.#waiting[left] ?? 0) + count;
    }
    this.#delayed = this.#delayed.filter(({ at }) => at > this.second);
    this.#credit += this.running / this.load.serviceSeconds;
    let done = Math.min(this.held, Math.floor(this.#credit));
    this.#credit -= Math.floor(this.#credit);
    if (this.running > 0) for (const instance of this.#ready()) instance.busyAt = this.second;
    for (let left = 1; left < this.#waiting.length && done > 0; left++) {
      const ended = Math.min(done, this.#waiting[left] ?? 0);
      this.#waiting[left] = (this.#waiting[left] ?? 0) - ended;
      done -= ended;
      if (left > 1 && ended > 0) {
        this.#delayed.push({ at: this.second + RETRY_SECONDS, left: left - 1, count: ended });
      }
    }
  }

  #ready(): readonly SimulatedInstance[] {
    return this.#instances.filter(({ readyAt, stopsAt }) => readyAt <= this.second && stopsAt > this.second);
  }
}
