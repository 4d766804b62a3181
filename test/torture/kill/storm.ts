import { setTimeout as sleep } from 'node:timers/promises';
import type { Fleet, Server } from './fleet.ts';
import type { Member } from './member.ts';

export interface StormOptions {
  /** Faults are over by then, at the latest. Milliseconds of `performance.now()`. */
  readonly endsAt: number;
  readonly fleet: Fleet;
  readonly random: () => number;
  /** Called with a sentence when a fault begins. */
  readonly onFault: (text: string) => void;
}

interface Fault {
  /** How often it happens, relative to the others. */
  readonly weight: number;
  /** Says what it is about to do. Undefined: not now. */
  prepare(): { readonly text: string; run(): Promise<unknown> } | undefined;
}

const PAUSE_MS = [500, 3_500] as const;
/** From shorter than a lease to longer than every limit of the clients and of the servers. */
const FREEZE_MS = [500, 20_000] as const;
const SILENCE_MS = [500, 25_000] as const;
const OUTAGE_MS = [0, 5_000] as const;
const LATENCY_MS = [5, 200] as const;
const LATENCY_FOR_MS = [2_000, 15_000] as const;

/** Breaks one thing after the other, several at a time, until the signal aborts; then everything is whole again. */
export async function storm(options: StormOptions, signal: AbortSignal): Promise<void> {
  const { random, onFault } = options;
  const faults = faultsOf(options);
  const total = faults.reduce((sum, { weight }) => sum + weight, 0);
  const running = new Set<Promise<unknown>>();
  while (!signal.aborted) {
    await sleep(between(PAUSE_MS, random), undefined, { signal }).catch(() => undefined);
    if (signal.aborted) break;
    let left = random() * total;
    const fault = faults.find(({ weight }) => {
      left -= weight;
      return left < 0;
    });
    const prepared = fault?.prepare();
    if (!prepared) continue;
    onFault(prepared.text);
    const run = prepared.run().finally(() => running.delete(run));
    running.add(run);
  }
  await Promise.all(running);
}

function faultsOf({ fleet, random, endsAt }: StormOptions): readonly Fault[] {
  const { gateways, instances, routes, servers } = fleet;
  const frozen = new Set<Member>();
  let isServerAway = false;
  const one = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const some = (bounds: readonly [number, number]): number =>
    Math.min(between(bounds, random), Math.max(0, endsAt - performance.now()));

  const killing = (members: readonly Member[]) => () => {
    const member = one(members);
    return { text: `kill ${member.name}`, run: async () => member.kill() };
  };
  const freezing = (members: readonly Member[]) => () => {
    const member = one(members);
    const ms = some(FREEZE_MS);
    if (frozen.has(member)) return undefined;
    frozen.add(member);
    const run = () => member.freeze(ms).finally(() => frozen.delete(member));
    return { text: `freeze ${member.name} for ${seconds(ms)}`, run };
  };
  const onRoute = (verb: string, run: (gate: (typeof routes)[number]['gate']) => Promise<void>) => () => {
    if (routes.length === 0) return undefined;
    const { name, gate } = one(routes);
    return { text: `${verb} ${name}`, run: () => run(gate) };
  };
  const onServer = (verb: string, end: (server: Server) => Promise<void>) => () => {
    if (isServerAway || servers.length === 0) return undefined;
    isServerAway = true;
    const server = one(servers);
    const ms = some(OUTAGE_MS);
    const run = async () => {
      await end(server);
      await sleep(ms);
      await server.start();
      isServerAway = false;
    };
    return { text: `${verb} ${server.name}, start it after ${seconds(ms)}`, run };
  };
  return [
    { weight: 4, prepare: killing(instances) },
    { weight: 3, prepare: killingChild(instances, one) },
    { weight: 3, prepare: freezing(instances) },
    { weight: 1, prepare: killing(gateways) },
    { weight: 1, prepare: freezing(gateways) },
    { weight: 3, prepare: onRoute('silence', async (gate) => stall(gate, some(SILENCE_MS))) },
    { weight: 1, prepare: onRoute('swallow', async (gate) => gate.swallow()) },
    { weight: 2, prepare: onRoute('reset', async (gate) => gate.reset()) },
    { weight: 2, prepare: onRoute('slow down', async (gate) => slow(gate, some(LATENCY_MS), some(LATENCY_FOR_MS))) },
    { weight: 0.5, prepare: silencingAll() },
    { weight: 0.5, prepare: onServer('stop', (server) => server.stop()) },
    { weight: 0.5, prepare: onServer('kill', (server) => server.kill()) },
  ];

  function silencingAll() {
    const run = async () => {
      for (const { gate } of routes) gate.stallEach(() => some(SILENCE_MS));
      await sleep(some(SILENCE_MS));
      for (const { gate } of routes) gate.stallEach(() => 0, { onlyNew: true });
    };
    const text = 'silence every connection, each for its own time';
    return () => (routes.length === 0 ? undefined : { text, run });
  }
}

const killingChild = (members: readonly Member[], one: <T>(items: readonly T[]) => T) => () => {
  const member = one(members);
  return { text: `kill a child of ${member.name}`, run: async () => member.killChild() };
};

async function stall(gate: Fleet['routes'][number]['gate'], milliseconds: number): Promise<void> {
  gate.stall();
  await sleep(milliseconds);
  gate.resume();
}

async function slow(gate: Fleet['routes'][number]['gate'], delayMs: number, forMs: number): Promise<void> {
  gate.delay(delayMs);
  await sleep(forMs);
  gate.delay(0);
}

const between = ([shortest, longest]: readonly [number, number], random: () => number): number =>
  shortest + random() * (longest - shortest);

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
