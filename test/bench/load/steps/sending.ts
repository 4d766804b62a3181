import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Percentiles, percentiles, rounded } from '../statistics.ts';
import type { Reply, Wire } from './wire.ts';

/** What a sender is asked to do: as many callers as there are wait for each other, or a constant rate (open loop). */
export interface Order {
  readonly url: string;
  /** `POST`, with a body of JSON. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly seconds: number;
  readonly callers?: number;
  /** Requests per second. */
  readonly rate?: number;
  /** The server has promised to answer within this time. */
  readonly waitSeconds: number;
}

/** What a sender has seen. Latency counts from the time at which a request was due. */
export interface Seen {
  readonly due: number;
  readonly served: number;
  readonly servedMs: Percentiles | undefined;
  readonly refused: number;
  readonly refusedMs: Percentiles | undefined;
  /** Refusals without a status of 429 or 503, or without `Retry-After`. */
  readonly illRefused: number;
  /** Answers that came more than a second after the promise. */
  readonly overdue: number;
  /** Accepted, and not done in time. */
  readonly accepted: number;
  readonly lost: number;
  readonly longestMs: number;
  /** How late the sender came to send requests. */
  readonly lateMs: Percentiles;
  /** How late timers of the sender were. */
  readonly loopMs: { readonly p99: number; readonly max: number };
  readonly cpuSeconds: number;
}

/** As many callers as this keep their connections. Requests beyond it wait in the sender, and their latency goes on. */
export const CONNECTIONS = 1_000;
/** A refused caller of a closed loop comes back. */
const BACK_OFF_MS = 100;
const TICK_MS = 1;
/** After the promise, before an answer counts as lost. */
const GRACE_SECONDS = 10;

/** Sends as ordered, on as many connections as requests are under way. */
export async function sendAsOrdered(order: Order, wire: Wire): Promise<Seen> {
  const tally = new Tally(order);
  const request = requestOf(order);
  const loop = monitorEventLoopDelay({ resolution: 10 });
  loop.enable();
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  await (order.rate === undefined ? closed(order, wire, request, tally) : open(order, wire, request, tally, startedAt));
  const { user, system } = process.cpuUsage(cpuBefore);
  loop.disable();
  const givenUpAt = performance.now() + (order.waitSeconds + GRACE_SECONDS) * 1000;
  while (tally.underWay > 0 && performance.now() < givenUpAt) await sleep(50);
  return {
    ...tally.seen(),
    loopMs: { p99: rounded(loop.percentile(99) / 1e6 - 10), max: rounded(loop.max / 1e6 - 10) },
    cpuSeconds: (user + system) / 1e6,
  };
}

function requestOf({ url, path, headers, body }: Order): Buffer {
  const all = { Host: new URL(url).host, 'Content-Type': 'application/json', ...headers };
  const lines = Object.entries({ ...all, 'Content-Length': Buffer.byteLength(body) });
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`,
  );
}

async function closed({ seconds, callers = 1 }: Order, wire: Wire, request: Buffer, tally: Tally): Promise<void> {
  const endsAt = performance.now() + seconds * 1000;
  const call = () => {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const dueAt = performance.now();
    tally.send(dueAt);
    wire.send(request, (reply) => resolve(tally.note(reply, dueAt)));
    return promise;
  };
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (performance.now() < endsAt) if (!(await call())) await sleep(BACK_OFF_MS);
    }),
  );
}

/** All that is due is sent every millisecond, whatever became of those before. */
async function open({ seconds, rate = 1 }: Order, wire: Wire, request: Buffer, tally: Tally, startedAt: number) {
  const total = Math.round(rate * seconds);
  const { promise, resolve } = Promise.withResolvers<void>();
  let next = 0;
  const tick = () => {
    for (const now = performance.now(); next < total; next += 1) {
      const dueAt = startedAt + (next / rate) * 1000;
      if (dueAt > now) break;
      tally.send(dueAt);
      wire.send(request, (reply) => tally.note(reply, dueAt));
    }
    if (next < total) setTimeout(tick, TICK_MS);
    else resolve();
  };
  tick();
  await promise;
}

class Tally {
  readonly #promiseMs: number;
  readonly #servedMs: number[] = [];
  readonly #refusedMs: number[] = [];
  readonly #lateMs: number[] = [];
  #counts = { illRefused: 0, overdue: 0, accepted: 0, lost: 0 };
  #longestMs = 0;
  #ended = 0;

  constructor({ waitSeconds }: Order) {
    this.#promiseMs = (waitSeconds + 1) * 1000;
  }

  get underWay(): number {
    return this.#lateMs.length - this.#ended;
  }

  send(dueAt: number): void {
    this.#lateMs.push(Math.max(0, performance.now() - dueAt));
  }

  /** Whether it was served. */
  note({ status, head, body }: Reply, dueAt: number): boolean {
    const tookMs = performance.now() - dueAt;
    this.#ended += 1;
    this.#longestMs = Math.max(this.#longestMs, tookMs);
    if (tookMs > this.#promiseMs) this.#counts.overdue += 1;
    const isServed = status === 200 && body.includes('"state":"succeeded"');
    if (isServed) this.#servedMs.push(tookMs);
    else if (status === 202) this.#counts.accepted += 1;
    else if (status === 0) this.#counts.lost += 1;
    else {
      this.#refusedMs.push(tookMs);
      const isWell = (status === 429 || status === 503) && /\r\nretry-after: *\d/i.test(head);
      if (!isWell) this.#counts.illRefused += 1;
    }
    return isServed;
  }

  seen(): Omit<Seen, 'loopMs' | 'cpuSeconds'> {
    const { lost, ...counts } = this.#counts;
    return {
      due: this.#lateMs.length,
      served: this.#servedMs.length,
      servedMs: percentiles(this.#servedMs),
      refused: this.#refusedMs.length,
      refusedMs: percentiles(this.#refusedMs),
      ...counts,
      lost: lost + this.underWay,
      longestMs: rounded(this.#longestMs),
      lateMs: percentiles(this.#lateMs) ?? { p50: 0, p90: 0, p99: 0, max: 0 },
    };
  }
}
