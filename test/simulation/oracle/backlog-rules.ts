import type { FaultKind } from '../engine/faults.ts';
import type { History } from './history.ts';

type Now = () => { readonly ms: number; readonly unixMs: number };

interface Level {
  readonly atMs: number;
  /** Tasks that wait, and those of submits in progress. */
  readonly tasks: number;
}

/** After these, a task may be stored when its place has been free again for long. */
const LATE_CREATES: ReadonlySet<FaultKind> = new Set(['late', 'twice', 'freeze']);
/** How long a gateway may believe that a backlog is full, and a look at its places takes. */
const BELIEF_MS = 5_000;

/** The limit of the backlog: it is kept, and nobody is refused while there is room. */
export class BacklogRules {
  readonly #history: History;
  readonly #now: Now;
  readonly #faults: () => readonly FaultKind[];
  #submitting = 0;
  #levels: Level[] = [];

  constructor(history: History, now: Now, faults: () => readonly FaultKind[]) {
    this.#history = history;
    this.#now = now;
    this.#faults = faults;
  }

  /** A submit of so many tasks has reached a gateway. Call the result when it is answered. */
  began(tasks: number): () => void {
    this.#submitting += tasks;
    this.#note();
    return () => {
      this.#submitting -= tasks;
      this.#note();
    };
  }

  /** A row has changed. Returns what is wrong. */
  changed(): string | undefined {
    const { maxBacklog } = this.#history.scenario;
    if (maxBacklog === undefined) return undefined;
    this.#note();
    const waiting = this.#waiting();
    if (waiting <= maxBacklog || this.#faults().some((kind) => LATE_CREATES.has(kind))) return undefined;
    return `${waiting} tasks wait, and ${maxBacklog} may`;
  }

  /** A submit of so many tasks was refused, because the backlog is full. Returns what is wrong. */
  refused(tasks: number): string | undefined {
    const { scenario, trouble } = this.#history;
    const { maxBacklog = 0 } = scenario;
    if (trouble() > 0) return undefined;
    const most = Math.max(...this.#levels.map((level) => level.tasks));
    return most > maxBacklog ? undefined : `${tasks} tasks were refused, and at most ${most} of ${maxBacklog} waited`;
  }

  #waiting(): number {
    const { unixMs } = this.#now();
    return [...this.#history.rows.values()].filter(
      ({ state, round = 0, deadlineAt }) => state === 'queued' && round === 0 && unixMs < deadlineAt,
    ).length;
  }

  #note(): void {
    if (this.#history.scenario.maxBacklog === undefined) return;
    const { ms } = this.#now();
    // The last one before is still the level at the beginning.
    const first = this.#levels.findLastIndex(({ atMs }) => atMs <= ms - BELIEF_MS);
    this.#levels = [...this.#levels.slice(Math.max(0, first)), { atMs: ms, tasks: this.#waiting() + this.#submitting }];
  }
}
