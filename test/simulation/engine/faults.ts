import type { Engine } from './engine.ts';
import { hashText, mix } from './random.ts';

/**
 * What can go wrong with one call over the network:
 * - `refuse`: it is answered with an error at once; nothing was done.
 * - `lose-request`: it never arrives; the caller gives up after a while.
 * - `lose-reply`: it is done, and the caller gives up after a while.
 * - `late`: the caller gives up, and it is done afterwards.
 * - `twice`: it is done, and done again later.
 * - `slow`: request and reply take seconds.
 * - `crash-before`, `crash-after`: the caller dies before it is sent, or once it is done.
 * - `freeze`: the caller stands still for a while after sending it.
 */
export const FAULT_KINDS = [
  'refuse',
  'lose-request',
  'lose-reply',
  'late',
  'twice',
  'slow',
  'crash-before',
  'crash-after',
  'freeze',
] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];

export interface FaultPlan {
  readonly kinds: readonly FaultKind[];
  /** Probability of a fault in one call. */
  readonly rate: number;
  /** Faults are injected before this time only, in milliseconds since the start of the simulation. */
  readonly untilMs: number;
  /** Maximum number of faults. */
  readonly budget: number;
}

/** A fault that was injected. */
export interface Fault {
  /** Names the same point in every run of the seed, also when other actors and tasks are left out. */
  readonly id: string;
  readonly kind: FaultKind;
  /** Severity: uniform in [0, 1). */
  readonly severity: number;
  readonly atMs: number;
}

/** Decides where faults are injected. Each decision depends on the seed and its point alone, not on other decisions. */
export class Faults {
  readonly injected: Fault[] = [];
  readonly #engine: Engine;
  readonly #seed: number;
  readonly #plan: FaultPlan;
  readonly #suppressed: ReadonlySet<string>;

  constructor(engine: Engine, seed: number, plan: FaultPlan, suppressed: ReadonlySet<string>) {
    this.#engine = engine;
    this.#seed = seed;
    this.#plan = plan;
    this.#suppressed = suppressed;
  }

  /** `point` names a call by its caller, what it is about, and how many of these there were. */
  draw(point: string, possible: ReadonlySet<FaultKind>): Fault | undefined {
    const { kinds, rate, untilMs, budget } = this.#plan;
    if (rate === 0 || this.#engine.now >= untilMs || this.injected.length >= budget) return undefined;
    const bits = mix(this.#seed, hashText(point));
    if (bits / 0x1_0000_0000 >= rate) return undefined;
    const kind = kinds[mix(bits, 1) % kinds.length];
    if (kind === undefined || !possible.has(kind)) return undefined;
    if (this.#suppressed.has(point)) return undefined;
    const fault = { id: point, kind, severity: (mix(bits, 2) % 1000) / 1000, atMs: this.#engine.now };
    this.injected.push(fault);
    return fault;
  }
}
