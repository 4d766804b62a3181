import { namedProblem, type ProxyResult, type RoutedHandlerName, type RouteMatch, sendProblem } from '#api';
import type { Logger } from '#core';
import { DelayLimit, type TimeSpent } from './delay-limit.ts';
import { LoopDelay } from './loop-delay.ts';

export interface AdmissionOptions {
  /** Maximum number of concurrent requests, which limits memory. Requests above it are refused whatever their delay. */
  readonly maxRequests: number;
  readonly logger: Logger;
  /** Milliseconds of a monotonic clock. @default the time of this process */
  readonly now?: () => number;
  /** @default that of this thread */
  readonly loop?: Pick<LoopDelay, 'arrive' | 'turnMs'>;
}

/** The properties of a request that are known before its body. */
export interface Arrival extends RouteMatch {
  readonly path: string;
  /** The header `Prefer`. */
  readonly prefer: string | undefined;
}

/** An admitted request. */
export interface Admitted {
  /** Call when the body is received. Delay is measured from here. */
  begin(): void;
  /** Reports the duration of the model's run. Without it, a request that waits for a model is not a sample. */
  ran(ms: number): void;
  /** Call once, when the response is ready. */
  leave(): void;
}

/** Operators must be able to control an overloaded system. */
const ALWAYS: ReadonlySet<RoutedHandlerName> = new Set(['health', 'get-metrics', 'launch-instance', 'stop-instance']);
/** Maximum number of idle groups, because callers choose the model names. */
const MAX_GROUPS = 500;
/** Reading and answering a request take at least one turn of the event loop each. */
const TURNS = 2;
/**
 * Requests that arrive later than this in one turn of the event loop are refused, so that the turn ends. When an
 * overload begins, no delay has been measured yet.
 */
const MAX_TURN_MS = 250;
/** Requests that one turn always admits: a cold process or one slow disk write is not an overload. */
const MIN_PER_TURN = 64;
const TELL_EVERY_MS = 10_000;

/**
 * Admits or refuses requests before any work is done for them. Requests that use the same queue share a limit: waits
 * for the result of a model, other submits to it, and reads.
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

  /** Admits a request, or returns the response `too_many_requests`. */
  enter(arrival: Arrival): { readonly admitted: Admitted } | { readonly refusal: ProxyResult } {
    if (ALWAYS.has(arrival.route.handler)) return { admitted: UNLIMITED };
    const { maxRequests, loop } = this.#options;
    const { sinceFirstMs, place } = loop.arrive();
    const isLongTurn = place > MIN_PER_TURN && sinceFirstMs > MAX_TURN_MS;
    const isCrowded = isLongTurn || this.#inProgress >= maxRequests;
    if (isCrowded) return { refusal: this.#refuse(arrival, 'requests', 0) };
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

  /** Logs one line for many refusals: a line for each would cost more than the refusal. */
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

/** Undefined for long polls: their tasks were admitted before. */
function groupOf(arrival: Arrival): string | undefined {
  const { route, params } = arrival;
  // They take no CPU of this process.
  if (route.handler === 'lifecycle') return undefined;
  // Counted apart, because one of them takes as long as many submits.
  if (route.handler === 'submit-batch') return `${isWaiting(arrival) ? 'waiting ' : ''}batches for ${params.model}`;
  if (route.handler !== 'submit-task') return isWaiting(arrival) ? undefined : 'reads';
  return isWaiting(arrival) ? `predictions of ${params.model}` : `submits to ${params.model}`;
}

const isWaiting = ({ route, prefer = '' }: Arrival): boolean =>
  route.path.includes('/predict/') || /\bwait\b/i.test(prefer);
