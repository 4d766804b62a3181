import { hash } from 'node:crypto';
import { MemoryWebhookStore } from '#adapters/memory/index.ts';
import { ModelyardError, type Outbound, type OutboundRequest, type Task, type WebhookStore } from '#core';
import { type SignedMessage, sendWebhook, type WebhookRecord, webhookKey } from '#core/webhooks';
import type { Actor } from '../engine/engine.ts';
import type { Host } from '../engine/network.ts';
import { SimClock } from '../engine/sim-clock.ts';
import type { SimPlatform } from '../servers/ports.ts';
import type { World } from './world.ts';

// A submit loads it when it names a webhook, which takes turns of the real event loop the first time.
await import(new URL('../../../lib/core/webhooks/watch-task.ts', import.meta.url).href);

export const RECEIVER = 'https://hooks.example/';
const LOOK_MS = 2_000;
const RESTART_MS = 2_000;
const AT_ONCE = 100;

/** What a receiver is told. */
interface Told {
  readonly id: string;
  readonly round: number;
  readonly state: Task['state'];
}

const present = async ({ id, round = 0, state }: Task): Promise<string> =>
  JSON.stringify({ id, round, state } satisfies Told);

/** Instead of the signature of the scheme, which takes turns of the real event loop. */
const sign = (secret: string, { id, at, body }: SignedMessage): string =>
  `v1,${hash('sha256', JSON.stringify([secret, id, Math.floor(at / 1000), body]))}`;

/** The store of webhooks, which is the reference, their senders and their receiver. */
export class Webhooks {
  readonly #world: World;
  readonly #store: MemoryWebhookStore;
  readonly #receiver: Host;
  /** Requests to the receiver, by task. */
  readonly #requests = new Map<string, number>();
  readonly #documents = new Map<string, string>();

  constructor(world: World) {
    this.#world = world;
    this.#store = new MemoryWebhookStore(new SimClock(world.engine, world.host('store').actor));
    this.#receiver = { actor: world.engine.spawn('receiver'), isDown: () => false };
  }

  /** Whether a sender will act for a task. */
  isDue(taskId: string): boolean {
    const document = this.#documents.get(webhookKey(taskId));
    return document !== undefined && (JSON.parse(document) as WebhookRecord).dueAt !== undefined;
  }

  /** The store as one process sees it. */
  connect(actor: Actor): WebhookStore {
    const call = this.#world.caller(actor, 'store');
    const store = this.#store;
    return {
      pace: store.pace,
      get: (key) => call('get webhook', () => store.get(key)),
      put: (key, stored, times) =>
        call('put webhook', async () => {
          const isPut = await store.put(key, stored, times);
          if (isPut) this.#documents.set(key, stored.document);
          return isPut;
        }),
      delete: (key) => call('delete webhook', () => store.delete(key)),
      wake: async () => undefined,
      due: (now, limit) => call('due webhooks', () => store.due(now, limit)),
    };
  }

  /** Starts a process that sends what is due, and comes back after it died. */
  startSender(platform: SimPlatform, name: string, starts = 1): void {
    const { engine, kernel } = this.#world;
    const actor = engine.spawn(`${name}.${starts}`);
    this.#world.onDeath(actor, () => {
      engine.after(kernel, RESTART_MS, () => this.startSender(platform, name, starts + 1));
    });
    engine.after(actor, 0, () => void this.#sendWhatIsDue(platform, actor));
  }

  async #sendWhatIsDue(platform: SimPlatform, actor: Actor): Promise<void> {
    const ports = platform.connect(actor);
    const webhooks = this.connect(actor);
    const deps = { ...ports, webhooks, outbound: this.#outboundOf(actor), present, sign, random: () => 0 };
    const current = new Set<string>();
    for (;;) {
      await ports.clock.sleep(LOOK_MS);
      const due = await webhooks.due?.(ports.clock.now(), AT_ONCE).catch(() => []);
      for (const key of due ?? []) {
        if (current.has(key)) continue;
        current.add(key);
        const send = sendWebhook(deps, key.replace(/^webhook:/, ''));
        void send.catch(() => undefined).finally(() => current.delete(key));
      }
    }
  }

  #outboundOf(caller: Actor): Outbound {
    return {
      check: () => undefined,
      send: (request) =>
        this.#world.network.call({
          ...{ caller, host: this.#receiver, name: 'webhook', about: told(request).id },
          describe: () => this.#world.describe.alias(told(request).id),
          serve: () => this.#receive(request),
          failure: (why) => new ModelyardError('bad_gateway', `No answer: ${why}.`, { retryable: true }),
          show: ({ status }) => String(status),
        }),
      download: () => Promise.reject(new Error('Nothing is downloaded.')),
    };
  }

  #receive(request: OutboundRequest) {
    const { id, round, state } = told(request);
    const { oracle } = this.#world;
    const count = (this.#requests.get(id) ?? 0) + 1;
    this.#requests.set(id, count);
    const isTaken = count > (oracle.history.planOfTask(id)?.hook?.failures ?? 0);
    oracle.webhookReceived({ id, round, state, isSignedBy: (secret) => isSignedBy(secret, request) }, isTaken);
    return { status: isTaken ? 204 : 500, headers: {}, body: new Uint8Array() };
  }
}

const told = ({ body = '' }: OutboundRequest): Told => JSON.parse(String(body)) as Told;

function isSignedBy(secret: string, { headers = {}, body = '' }: OutboundRequest): boolean {
  const { 'webhook-id': id = '', 'webhook-timestamp': seconds, 'webhook-signature': signatures = '' } = headers;
  return signatures.split(' ').includes(sign(secret, { id, at: Number(seconds) * 1000, body: String(body) }));
}
