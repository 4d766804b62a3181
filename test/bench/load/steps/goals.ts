import { availableParallelism } from 'node:os';
import { milliseconds, rounded } from '../statistics.ts';
import type { Seen } from './sending.ts';
import type { Watched } from './watch.ts';

/** One offered rate and what became of it. */
export interface Step {
  /** In relation to the capacity. */
  readonly load: number;
  /** Requests per second. */
  readonly rate: number;
  readonly seconds: number;
  readonly seen: Seen;
  readonly watched: Watched;
}

export interface Steps {
  readonly model: string;
  readonly where: string;
  readonly startedAt: string;
  /** Served per second, by as many callers as brought most. */
  readonly capacity: number;
  readonly callers: number;
  readonly waitSeconds: number;
  readonly steps: readonly Step[];
}

export interface Verdict {
  readonly goal: string;
  readonly isMet: boolean;
  readonly found: string;
}

const GOODPUT_SHARE = 0.9;
const SOON_MS = 100;
/** Tasks are kept in memory on some platforms, so a step may grow as much as the one at capacity, and by this share. */
const MEMORY_MARGIN = 0.25;

export const goodputOf = ({ seen, seconds }: Pick<Step, 'seen' | 'seconds'>): number => rounded(seen.served / seconds);

/** Whether each goal is met. The last verdict is on the sender itself: without it, the others mean nothing. */
export function verdictsOf({ steps, capacity, waitSeconds }: Steps): readonly Verdict[] {
  return [
    goodputVerdict(steps, capacity),
    refusalVerdict(steps),
    promiseVerdict(steps, waitSeconds),
    healthVerdict(steps),
    ...memoryVerdicts(steps),
    senderVerdict(steps),
  ];
}

function goodputVerdict(steps: readonly Step[], capacity: number): Verdict {
  const peak = Math.max(capacity, ...steps.map(goodputOf));
  const last = steps.at(-1);
  const share = last ? goodputOf(last) / peak : 0;
  return {
    goal: `Goodput under the highest load is at least ${GOODPUT_SHARE * 100} % of the peak.`,
    isMet: share >= GOODPUT_SHARE,
    found: `${last ? goodputOf(last) : 0} of ${rounded(peak)} a second: ${Math.floor(share * 100)} %`,
  };
}

function refusalVerdict(steps: readonly Step[]): Verdict {
  const slowest = Math.max(0, ...steps.map(({ seen }) => seen.refusedMs?.p99 ?? 0));
  const ill = steps.reduce((sum, { seen }) => sum + seen.illRefused + seen.lost, 0);
  return {
    goal: `Refusals are 429 or 503 with Retry-After, 99 % of them within ${SOON_MS} ms.`,
    isMet: slowest < SOON_MS && ill === 0,
    found: `p99 at most ${milliseconds(slowest)} ms, ${ill} in another way or without an answer`,
  };
}

function promiseVerdict(steps: readonly Step[], waitSeconds: number): Verdict {
  const longest = Math.max(0, ...steps.map(({ seen }) => seen.longestMs));
  const overdue = steps.reduce((sum, { seen }) => sum + seen.overdue, 0);
  return {
    goal: `Nobody waits longer than promised, ${waitSeconds} s, plus one second.`,
    isMet: overdue === 0,
    found: `the longest wait was ${milliseconds(longest)} ms`,
  };
}

function healthVerdict(steps: readonly Step[]): Verdict {
  const slowest = Math.max(0, ...steps.map(({ watched }) => watched.healthMs?.p99 ?? 0));
  const unhealthy = steps.reduce((sum, { watched }) => sum + watched.unhealthy, 0);
  return {
    goal: `/healthz answers 200, 99 % within ${SOON_MS} ms.`,
    isMet: slowest < SOON_MS && unhealthy === 0,
    found: `p99 at most ${milliseconds(slowest)} ms, ${unhealthy} failed`,
  };
}

/** None where the memory of the system is unknown. */
function memoryVerdicts(steps: readonly Step[]): readonly Verdict[] {
  const [atCapacity, highest] = [steps.find(({ load }) => load === 1), steps.at(-1)];
  const [before, after] = [growthOf(atCapacity), growthOf(highest)];
  if (!highest || before === undefined || after === undefined) return [];
  const most = Math.max(...highest.watched.memoryMib);
  const allowed = Math.max(0, before) + MEMORY_MARGIN * most;
  return [
    {
      goal: 'Memory under the highest load grows no more than at capacity, within a quarter of the whole.',
      isMet: after <= allowed,
      found: `by ${after} MiB to ${most} MiB; at capacity by ${before} MiB`,
    },
  ];
}

function growthOf(step: Step | undefined): number | undefined {
  const [first] = step?.watched.memoryMib ?? [];
  return step && first !== undefined ? Math.max(...step.watched.memoryMib) - first : undefined;
}

/** A sender that is later than the goal for refusals cannot judge them. */
function senderVerdict(steps: readonly Step[]): Verdict {
  const late = Math.max(0, ...steps.map(({ seen }) => seen.lateMs.p99));
  const worst = steps.find(({ seen }) => seen.lateMs.p99 === late);
  const cpu = Math.max(0, ...steps.map(({ seen, seconds }) => seen.cpuSeconds / seconds));
  return {
    goal: 'The sender kept its schedule, so the other figures are of the system.',
    isMet: late < SOON_MS,
    found: `99 % were due at most ${milliseconds(late)} ms before it came to them (at ${worst?.load ?? 0}×), and it took up to ${rounded(cpu)} of ${availableParallelism()} cores`,
  };
}
