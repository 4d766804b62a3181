import {
  beat,
  type Clock,
  type Contract,
  createModelDirectory,
  createRequestGate,
  HEARTBEAT_INTERVAL_MS,
  type Instance,
  MAX_STALENESS_MS,
  type RequestGate,
  registerInstance,
} from '#core';
import { createMemoryPlatform } from '#platform/memory.ts';
import { chainContract, requestUsing } from '#test/support/contract-chain.ts';
import { aModel, anInstance } from '#test/support/registry.ts';

interface Message {
  readonly taskId: string;
  readonly writer: number;
  /** The newest field that it sets. */
  readonly used: number;
  readonly sentAt: number;
  deliveries: number;
  visibleAt: number;
  /** Time in the queue while an instance with a free slot could read it. */
  neglectedMs: number;
  countedAt: number;
}

interface Member {
  instance: Instance;
  readonly version: number;
  readonly gate: RequestGate;
  readonly slots: number;
  inFlight: number;
  isGone: boolean;
}

export type Ending = 'ran' | 'rejected';

export interface EndedMessage extends Message {
  readonly ending: Ending;
  readonly by: number;
  readonly endedAt: number;
}

const VERSIONS = [0, 1, 2, 3];
const CONTRACTS = VERSIONS.map(chainContract);
const REQUESTS = VERSIONS.map(requestUsing);
const contractOf = (version: number): Contract => CONTRACTS[version] ?? chainContract(version);
const LEASE_MS = 30_000;
/** From the receive to the release or the start of the run. */
const HOP_MS = 20;
const { name: MODEL, contracts: _, version: __, ...MANIFEST } = aModel();

/**
 * A fleet whose instances speak different contracts of one model, with simulated time. The gate, the registration and
 * the directory are the real ones; the queue hands each visible message to a random instance with a free slot.
 */
export class SimulatedFleet {
  readonly ended: EndedMessage[] = [];
  readonly #waiting = new Set<Message>();
  /** Messages that an instance holds. */
  #held = 0;
  readonly #random: () => number;
  #now = Date.UTC(2026, 0, 1);
  readonly #clock: Clock = {
    now: () => this.#now,
    sleep: (_ms, signal) => new Promise((resolve) => signal?.addEventListener('abort', () => resolve())),
  };
  readonly #platform = createMemoryPlatform({ clock: this.#clock });
  readonly #directory = createModelDirectory(this.#platform);
  readonly #members = new Set<Member>();
  #events: { readonly at: number; readonly order: number; readonly act: () => unknown }[] = [];
  #order = 0;
  #tasks = 0;

  /** `random` gives numbers from 0 to 1, by a seed. */
  constructor(random: () => number) {
    this.#random = random;
  }

  get now(): number {
    return this.#now;
  }

  /** Messages that have not ended. */
  get size(): number {
    return this.#waiting.size + this.#held;
  }

  after(ms: number, act: () => unknown): void {
    this.#events.push({ at: this.#now + ms, order: this.#order++, act });
  }

  /** Lets everything happen that is due until then. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await this.#dispatch();
      const wakeAt = Math.min(...[...this.#waiting].map(({ visibleAt }) => visibleAt).filter((at) => at > this.#now));
      const next = this.#events.toSorted((a, b) => a.at - b.at || a.order - b.order)[0];
      const at = Math.min(wakeAt, next?.at ?? Number.POSITIVE_INFINITY);
      if (at > end) break;
      this.#moveTo(at);
      if (next && next.at <= at) {
        this.#events = this.#events.filter((event) => event !== next);
        await next.act();
      }
    }
    this.#moveTo(end);
  }

  /** Goes on until every message has ended, but not longer. */
  async untilEmpty(maxMs: number): Promise<void> {
    for (const end = this.#now + maxMs; this.size > 0 && this.#now < end; ) await this.advance(5000);
  }

  /** Registers an instance at once; it is ready after its setup. */
  async start(id: string, version: number, { slots = 2, setupMs = 1000 } = {}): Promise<void> {
    const contract = contractOf(version);
    const {
      contractHash: _h,
      heartbeatAt: _b,
      expiresAt: _e,
      ...instance
    } = anInstance({ id, slots, state: 'starting' });
    const registered = await registerInstance(this.#platform, { instance, contract, manifest: MANIFEST });
    const gate = createRequestGate({ ...this.#platform, model: MODEL, contract });
    const member: Member = { instance: registered, version, gate, slots, inFlight: 0, isGone: false };
    this.#members.add(member);
    const heartbeat = async () => {
      if (member.isGone) return;
      await this.#beat(member);
      this.after(HEARTBEAT_INTERVAL_MS, heartbeat);
    };
    this.after(setupMs, async () => {
      if (member.instance.state === 'starting') member.instance = { ...member.instance, state: 'ready' };
      await heartbeat();
    });
  }

  /** Drains an instance; it leaves when its runs have ended. */
  async stop(id: string): Promise<void> {
    const member = this.#member(id);
    member.instance = { ...member.instance, state: 'draining' };
    await this.#beat(member);
    const leave = async (): Promise<void> => {
      if (member.inFlight > 0) return this.after(100, leave);
      await this.#remove(member);
      await this.#platform.registry.removeInstance(MODEL, id);
    };
    await leave();
  }

  /** What it holds comes back when its lease ends; the registry learns nothing. */
  async crash(id: string): Promise<void> {
    await this.#remove(this.#member(id));
  }

  ids(version: number): readonly string[] {
    return [...this.#members].filter((each) => each.version === version).map(({ instance }) => instance.id);
  }

  /** Sends a task that uses as much as a client would like and the served contract has. */
  async submit(wished: number): Promise<void> {
    const { contract } = await this.#directory.served(MODEL, MAX_STALENESS_MS);
    const writer = CONTRACTS.findIndex(({ hash }) => hash === contract.hash);
    const times = { sentAt: this.#now, visibleAt: this.#now, countedAt: this.#now };
    const used = Math.min(wished, writer);
    this.#waiting.add({ taskId: `t${this.#tasks++}`, writer, used, deliveries: 0, neglectedMs: 0, ...times });
  }

  #member(id: string): Member {
    const member = [...this.#members].find(({ instance }) => instance.id === id);
    if (!member) throw new Error(`There is no instance ${id}.`);
    return member;
  }

  async #remove(member: Member): Promise<void> {
    member.isGone = true;
    this.#members.delete(member);
  }

  async #beat(member: Member): Promise<void> {
    member.instance = beat({ ...member.instance, inFlight: member.inFlight }, this.#now);
    await this.#platform.registry.putInstance(member.instance);
  }

  get #receivers(): readonly Member[] {
    return [...this.#members].filter(({ instance, inFlight, slots }) => instance.state === 'ready' && inFlight < slots);
  }

  #moveTo(at: number): void {
    const best = Math.max(0, ...this.#receivers.map(({ version }) => version));
    for (const message of this.#waiting) {
      if (message.used <= best) message.neglectedMs += at - Math.max(message.countedAt, this.#now);
      message.countedAt = at;
    }
    this.#now = at;
  }

  async #dispatch(): Promise<void> {
    for (const message of [...this.#waiting]) {
      if (message.visibleAt > this.#now) continue;
      const receivers = this.#receivers;
      const member = receivers[Math.floor(this.#random() * receivers.length)];
      if (!member) return;
      this.#waiting.delete(message);
      message.deliveries++;
      member.inFlight++;
      this.#held++;
      this.after(HOP_MS, () => this.#admit(member, message));
    }
  }

  async #admit(member: Member, message: Message): Promise<void> {
    if (member.isGone) return this.#lose(message);
    const { taskId, writer, used, deliveries } = message;
    const load = async () => REQUESTS[used] ?? requestUsing(used);
    const decision = await member.gate({ taskId, contractHash: contractOf(writer).hash, deliveries, load });
    if (decision.verdict === 'run')
      return this.after(50 + this.#random() * 1000, () => this.#end(member, message, 'ran'));
    if (decision.verdict === 'reject') return this.#end(member, message, 'rejected');
    this.#free(member);
    this.#giveBack(message, decision.delaySeconds * 1000);
  }

  #end(member: Member, message: Message, ending: Ending): void {
    if (member.isGone) {
      this.#lose(message);
      return;
    }
    this.#free(member);
    this.ended.push({ ...message, ending, by: member.version, endedAt: this.#now });
  }

  #lose(message: Message): void {
    this.after(LEASE_MS, () => {
      this.#held--;
      this.#giveBack(message, 0);
    });
  }

  #free(member: Member): void {
    this.#held--;
    member.inFlight--;
  }

  #giveBack(message: Message, delayMs: number): void {
    message.visibleAt = this.#now + delayMs;
    message.countedAt = this.#now;
    this.#waiting.add(message);
  }
}
