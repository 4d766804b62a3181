import { StoreClock, unavailable } from '#core';
import { type Actor, Engine } from '../engine/engine.ts';
import { type FaultKind, Faults } from '../engine/faults.ts';
import { type Call, type Host, Network } from '../engine/network.ts';
import { SimClock } from '../engine/sim-clock.ts';
import { Oracle } from '../oracle/oracle.ts';
import { Describer } from './describe.ts';
import { MixedContracts } from './mixed-contracts.ts';
import type { Scenario } from './scenario.ts';
import { Statistics } from './statistics.ts';
import { Webhooks } from './webhooks.ts';

export interface WorldOptions {
  /** Points at which no fault is injected though the seed says so. */
  readonly suppressed: ReadonlySet<string>;
  /** The task store answers now and then with another task's row. @default false */
  readonly hasWrongRows?: boolean;
  /** Receives one line for everything that happens. @default nobody */
  readonly trace?: (line: string) => void;
}

interface CallOptions<T> {
  readonly about?: string | undefined;
  readonly describe?: () => string;
  readonly show?: (value: T) => string;
  readonly faults?: ReadonlySet<FaultKind>;
}

const CLOCK_RETRY_MS = 1_000;

type ServerName = 'queue' | 'store';

/** `Date` headers have whole seconds. */
const CLOCK_RESOLUTION_MS = { aws: 1000, memory: 1, rabbit: 1 } as const;

/** Everything that the parts of one simulation share. */
export class World {
  readonly scenario: Scenario;
  readonly hasWrongRows: boolean;
  readonly engine: Engine;
  readonly oracle: Oracle;
  readonly faults: Faults;
  readonly network: Network;
  /** What starts and ends processes; never frozen, never dead. */
  readonly kernel: Actor;
  readonly describe = new Describer();
  readonly contracts: MixedContracts = new MixedContracts(this);
  /** What the broker did by itself: messages that it handed out twice, entries of batches that it refused. */
  brokerFaults = 0;
  /** Absent if no caller has a webhook. */
  readonly webhooks: Webhooks | undefined;
  /** Absent if nobody counts. */
  readonly statistics: Statistics | undefined;
  readonly #trace: ((line: string) => void) | undefined;
  readonly #hosts: Record<ServerName, Host>;
  readonly #downUntil = { queue: 0, store: 0 };
  /** Numbers of the requests that tasks were first created for, by task. */
  readonly #subjects = new Map<string, number | undefined>();
  readonly #clocks = new WeakMap<Actor, StoreClock>();
  readonly #onDeath = new Map<Actor, (() => void)[]>();
  readonly #onFreeze = new Map<Actor, ((ms: number) => void)[]>();
  readonly #onOutage = { queue: [] as (() => void)[], store: [] as (() => void)[] };

  constructor(scenario: Scenario, { suppressed, trace, hasWrongRows = false }: WorldOptions) {
    this.hasWrongRows = hasWrongRows;
    this.scenario = scenario;
    this.#trace = trace;
    this.engine = new Engine(scenario.seed);
    this.kernel = this.engine.spawn('kernel');
    const faults = () => this.faults.injected.map(({ kind }) => kind);
    this.oracle = new Oracle(this.engine, scenario, () => this.#countTrouble(), faults);
    this.faults = new Faults(this.engine, scenario.seed, scenario.faults, suppressed);
    this.network = new Network({
      subjectOf: (taskId) => `request ${this.#subjects.get(taskId)}`,
      engine: this.engine,
      faults: this.faults,
      trace: (actor, text) => this.trace(actor, text),
      kill: (actor, why) => this.kill(actor, why),
      onFreeze: (actor, ms) => {
        for (const hear of this.#onFreeze.get(actor) ?? []) hear(ms);
      },
    });
    this.#hosts = { queue: this.#server('queue'), store: this.#server('store') };
    this.webhooks = scenario.clients.some(({ hook }) => hook) ? new Webhooks(this) : undefined;
    this.statistics = scenario.hasStats ? new Statistics(this) : undefined;
  }

  host(name: ServerName): Host {
    return this.#hosts[name];
  }

  /** Makes the calls of one actor to one server. */
  caller(caller: Actor, to: ServerName, failure = (why: string): Error => away(to, why)) {
    const host = this.#hosts[to];
    const isRead = to === 'store' && caller.skewMs !== 0;
    return <T>(name: string, serve: () => T | Promise<T>, options: CallOptions<T> = {}): Promise<T> => {
      const call = { caller, host, name, failure, ...options };
      return isRead ? this.#readClock({ ...call, serve }) : this.network.call({ ...call, serve });
    };
  }

  /** The clock of a process, which is set by every answer of the store. */
  storeClock(actor: Actor): StoreClock {
    const clock = this.#clocks.get(actor) ?? new StoreClock(new SimClock(this.engine, actor));
    this.#clocks.set(actor, clock);
    return clock;
  }

  /** Resolves when a process whose clock is wrong has heard the time of the store, as it does before it registers. */
  async setClock(actor: Actor): Promise<void> {
    if (actor.skewMs === 0) return;
    const ask = this.caller(actor, 'store');
    const isSet = () =>
      ask('read the clock', () => undefined).then(
        () => true,
        () => false,
      );
    while (!(await isSet())) await this.storeClock(actor).sleep(CLOCK_RETRY_MS);
  }

  async #readClock<T>(call: Call<T>): Promise<T> {
    const clock = this.storeClock(call.caller);
    const sentAt = clock.ownNow();
    let earliest = 0;
    const serve = () => {
      earliest = Math.floor(this.engine.unixMs / this.#resolutionMs) * this.#resolutionMs;
      return call.serve();
    };
    const answer = await this.network.call({ ...call, serve });
    clock.observe({ sentAt, receivedAt: clock.ownNow(), earliest, latest: earliest + this.#resolutionMs - 1 });
    return answer;
  }

  get #resolutionMs(): number {
    return CLOCK_RESOLUTION_MS[this.scenario.platform];
  }

  /** A row of a task is about to be created. */
  introduce(id: string, requestHash: string): void {
    if (!this.#subjects.has(id)) this.#subjects.set(id, this.oracle.history.planOf({ requestHash })?.request.number);
  }

  /** The server answers nobody for so long. */
  outage(of: ServerName, forMs: number): void {
    this.#downUntil[of] = Math.max(this.#downUntil[of], this.engine.now + forMs);
    this.trace(this.#hosts[of].actor, () => `away for ${forMs / 1000} s`);
    for (const hear of this.#onOutage[of]) hear();
  }

  kill(actor: Actor, why: string): void {
    if (!actor.isAlive) return;
    this.trace(actor, () => `dies ${why}`);
    actor.isAlive = false;
    this.engine.isSettled = false;
    this.oracle.died(actor);
    for (const hear of this.#onDeath.get(actor) ?? []) hear();
    this.#onDeath.delete(actor);
  }

  onDeath(actor: Actor, hear: () => void): void {
    addTo(this.#onDeath, actor, hear);
  }

  /** `hear` is told for how long the actor stands still. */
  onFreeze(actor: Actor, hear: (ms: number) => void): void {
    addTo(this.#onFreeze, actor, hear);
  }

  /** Called when a server goes away. */
  onOutage(of: ServerName, hear: () => void): void {
    this.#onOutage[of].push(hear);
  }

  trace(actor: Actor, text: () => string): void {
    if (!this.#trace) return;
    this.#trace(
      this.describe.text(`${(this.engine.now / 1000).toFixed(3).padStart(9)} s  ${actor.name.padEnd(13)} ${text()}`),
    );
  }

  #countTrouble(): number {
    const incidents = this.scenario.incidents.filter(({ atMs }) => atMs <= this.engine.now);
    return this.faults.injected.length + incidents.length + this.brokerFaults;
  }

  #server(name: ServerName): Host {
    const actor = this.engine.spawn(name);
    return { actor, isDown: () => this.engine.now < this.#downUntil[name] };
  }
}

const away = (server: ServerName, why: string) =>
  unavailable(`${server}_unavailable`, `The ${server} is away.`, new Error(why));

function addTo<Key, Value>(lists: Map<Key, Value[]>, key: Key, value: Value): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}
