import { type HandlerName, namedProblem, type ProxyResult, type RouteMatch, sendProblem } from '#api';
import type { Logger } from '#core';
import { DelayLimit, type TimeSpent } from './delay-limit.ts';
import { LoopDelay } from './loop-delay.ts';

export interface AdmissionOptions {
  /** Requests that may be in progress at once, which limits memory. More are refused, whatever their delays. */
  readonly maxRequests: number;
  readonly logger: Logger;
  /** Milliseconds of a monotonic clock. @default the time of this process */
  readonly now?: () => number;
  /** @default that of this thread */
  readonly loop?: Pick<LoopDelay, 'measure' | 'turnMs'>;
}

/** What is known of a request before its body is read. */
export interface Arrival extends RouteMatch {
  readonly path: string;
  /** The header `Prefer`. */
  readonly prefer: string | undefined;
}

/** A request that was let in. */
export interface Admitted {
  /** The body is there: from now on, time is delay. */
  begin(): void;
  /** So much of the time was the run of a model. Without it, nothing is learned from a request that waits for one. */
  ran(ms: number): void;
  /** To be called once, when the answer is ready. */
  leave(): void;
}

/** Operators must reach an overloaded system. */
const ALWAYS: ReadonlySet<HandlerName> = new Set(['health', 'get-metrics', 'launch-instance', 'stop-instance']);
/** Idle groups are forgotten beyond this number, because callers choose the names of models. */
const MAX_GROUPS = 500;
/** A request takes at least one turn of the event loop to be read and one to be answered. */
const TURNS = 2;
const TELL_EVERY_MS = 10_000;

/**
 * Decides which requests are let in before anything is done for them. Requests that meet the same queue share a limit:
 * those that wait for the result of a model, other submits to it, and reads.
 */
export class Admission {
  readonly #options: Required<AdmissionOptions>;
  readonly #groups = new Map<string, DelayLimit>();
  #inProgress = 0;
  #refused = 0;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor({ now = () => performance.now(), loop = new LoopDelay(), ...options }: AdmissionOptions) {
    this.#options = { ...options, now, loop };
  }

  /** Lets a request in, or answers it with `too_many_requests`. */
  enter(arrival: Arrival): { readonly admitted: Admitted } | { readonly refusal: ProxyResult } {
    if (ALWAYS.has(arrival.route.handler)) return { admitted: UNLIMITED };
    if (this.#inProgress >= this.#options.maxRequests) return { refusal: this.#refuse(arrival, 'requests', 0) };
    const name = groupOf(arrival);
    const group = name === undefined ? undefined : this.#group(name);
    const entry = group?.enter();
    if (group && !entry) return { refusal: this.#refuse(arrival, name ?? '', group.delayMs) };
    this.#inProgress += 1;
    return { admitted: this.#admit((spent) => entry && group?.leave(entry, spent), isWaiting(arrival)) };
  }

  #admit(leave: (spent?: TimeSpent) => void, waits: boolean): Admitted {
    const { now, loop } = this.#options;
    let beganAt: number | undefined;
    let runMs: number | undefined;
    return {
      begin() {
        beganAt = now();
        loop.measure();
      },
      ran(ms) {
        runMs = ms;
      },
      leave: () => {
        this.#inProgress -= 1;
        if (beganAt === undefined) leave();
        else if (!waits) leave({ delayMs: TURNS * loop.turnMs, runMs: 0 });
        else if (runMs === undefined) leave();
        else leave({ delayMs: Math.max(0, now() - beganAt - runMs), runMs });
      },
    };
  }

  #group(name: string): DelayLimit {
    const known = this.#groups.get(name);
    if (known) return known;
    if (this.#groups.size >= MAX_GROUPS) {
      for (const [other, { inProgress }] of this.#groups) if (inProgress === 0) this.#groups.delete(other);
    }
    const { maxRequests: max, now } = this.#options;
    const group = new DelayLimit({ max, now });
    this.#groups.set(name, group);
    return group;
  }

  /** One line for many refusals: to write one for each would cost more than to refuse. */
  #refuse({ path }: Arrival, what: string, delayMs: number): ProxyResult {
    const { logger, now } = this.#options;
    const detail = `Too many ${what} are in progress. Retry later.`;
    this.#refused += 1;
    if (now() - this.#toldAt >= TELL_EVERY_MS) {
      logger.warn('Requests are refused with 429.', { refused: this.#refused, latest: detail });
      this.#toldAt = now();
      this.#refused = 0;
    }
    const retryAfter = String(Math.max(1, Math.ceil(delayMs / 1000)));
    return sendProblem(namedProblem('too_many_requests', 429, detail, path), { 'Retry-After': retryAfter });
  }
}

const UNLIMITED: Admitted = { begin: () => undefined, ran: () => undefined, leave: () => undefined };

/** Undefined for long polls: they wait for tasks that were let in before. */
function groupOf(arrival: Arrival): string | undefined {
  const { route, params } = arrival;
  if (route.handler !== 'submit-task') return isWaiting(arrival) ? undefined : 'reads';
  return isWaiting(arrival) ? `predictions of ${params.model}` : `submits to ${params.model}`;
}

const isWaiting = ({ route, prefer = '' }: Arrival): boolean =>
  route.path.includes('/predict/') || /\bwait\b/i.test(prefer);
