import { hash } from 'node:crypto';
import {
  cancelTask,
  createBacklog,
  type EventPosition,
  followEvents,
  getTask,
  giveUpTask,
  hasSeenEnd,
  isTerminal,
  latePlaces,
  ModelyardError,
  reachedPosition,
  redriveDeadLetters,
  retryTask,
  type SubmitCommand,
  submitBatch,
  submitTask,
  type Task,
  type TaskFollowEvent,
  type TransferEdge,
  type Transfers,
  type WebhookStore,
  waitForTask,
} from '#core';
import { startDeadLetterPump } from '#gateway/dead-letter-pump.ts';
import { gatewayTransfers } from '#platform/gateway-transfers.ts';
import type { Actor } from '../engine/engine.ts';
import type { SimEvent } from '../engine/event-heap.ts';
import type { Host } from '../engine/network.ts';
import type { Ports, SimPlatform } from '../servers/ports.ts';
import { encodeRequest, type SimRequest } from './requests.ts';
import { MODEL } from './sim-model.ts';
import { traceLogger } from './trace-logger.ts';
import type { World } from './world.ts';

// A submit loads it when its model has a limit, which takes turns of the real event loop the first time.
await import(new URL('../../../lib/core/tasks/backlog-places.ts', import.meta.url).href);

type Options = 'webhook' | 'owner' | 'priority' | 'idempotencyKey' | 'deadlineSeconds' | 'timeoutSeconds';

interface SimCommand extends Pick<SubmitCommand, Options> {
  /** How long it waits in line. Undefined: a full backlog refuses it at once. */
  readonly waitSeconds?: number;
}

export interface SimSubmit extends SimCommand {
  readonly request: SimRequest;
  readonly uploaded?: SubmitCommand['uploaded'];
}

export interface SimBatch extends SimCommand {
  readonly requests: readonly SimRequest[];
}

/** What a gateway serves callers with. */
export interface GatewayPorts extends Ports {
  readonly webhooks?: WebhookStore;
  readonly transfers: Transfers & TransferEdge;
  readonly placesOf: ReturnType<typeof latePlaces>;
}

const RESTART_MS = 2_000;
/** Maximum duration of a request, without the wait that the caller requests. */
const LONGEST_ANSWER_MS = 180_000;

/** A process that serves callers with the real use cases. It restarts after its death. */
export class Gateway {
  readonly host: Host;
  readonly #world: World;
  readonly #platform: SimPlatform;
  readonly #name: string;
  readonly #skewMs: number;
  #actor: Actor;
  #ports: GatewayPorts | undefined;
  #starts = 0;

  constructor(world: World, platform: SimPlatform, index: number) {
    this.#world = world;
    this.#platform = platform;
    this.#name = `gateway-${index + 1}`;
    this.#skewMs = world.scenario.skews?.gateways[index] ?? 0;
    this.#actor = this.#start();
    const gateway = this;
    this.host = {
      get actor() {
        return gateway.#actor.isAlive ? gateway.#actor : world.kernel;
      },
      isDown: () => this.#ports === undefined,
    };
  }

  kill(): void {
    this.#world.kill(this.#actor, 'by kill -9');
  }

  submit({ request, waitSeconds, ...options }: SimSubmit): Promise<Task> {
    return this.answer('A submit', (waitSeconds ?? 0) * 1000, async (ports) => {
      const bytes = options.uploaded ? new Uint8Array() : encodeRequest(request);
      const quota = this.#quotaOf(ports, waitSeconds);
      const command = { ...this.#common, request: bytes, quota, ...options };
      const task = await this.#submitTo(1, () => submitTask(ports, command));
      this.#world.oracle.submitAccepted(task, request);
      return task;
    });
  }

  /** Resolves with the tasks of the items that were accepted. The last item is invalid. */
  submitBatch({ requests, waitSeconds, ...options }: SimBatch): Promise<readonly Task[]> {
    const items = [
      ...requests.map((request) => ({ request: encodeRequest(request) })),
      { error: new ModelyardError('invalid_input', 'The item is invalid.') },
    ];
    return this.answer('A batch', (waitSeconds ?? 0) * 1000, async (ports) => {
      const command = {
        ...this.#common,
        requestHash: hash('sha256', JSON.stringify(requests)),
        items: async () => items,
        quota: this.#quotaOf(ports, waitSeconds),
        ...options,
      };
      const accepted = await this.#submitTo(requests.length, () => submitBatch(ports, command));
      return this.#world.oracle.batchAccepted(accepted, requests);
    });
  }

  get #common() {
    const { contracts, scenario } = this.#world;
    const { timeoutSeconds } = scenario.model;
    return { model: MODEL, contract: { hash: contracts.hashOf(2) }, limits: { timeoutSeconds } };
  }

  #quotaOf({ placesOf }: GatewayPorts, seconds: number | undefined) {
    const { maxBacklog } = this.#world.scenario;
    if (maxBacklog === undefined) return undefined;
    // Only these fields decide.
    const limited = { model: { name: MODEL, limits: { maxBacklog } }, serving: [] } as unknown;
    const wait = seconds === undefined ? undefined : { seconds, signal: new AbortController().signal };
    return placesOf(limited as Parameters<typeof placesOf>[0], wait);
  }

  async #submitTo<Accepted>(tasks: number, submit: () => Promise<Accepted>): Promise<Accepted> {
    const { oracle } = this.#world;
    const ended = oracle.backlog.began(tasks);
    try {
      return await submit();
    } catch (error) {
      oracle.submitRefused(error, tasks);
      throw error;
    } finally {
      ended();
    }
  }

  wait(id: string, owner: string, waitMs: number): Promise<Task> {
    return this.answer('A wait', waitMs, (ports) => this.#tell(id, waitForTask(ports, { id, owner, waitMs })));
  }

  /** The first events of a task after a position. Undefined if that was the end; none if nothing happens for so long. */
  events(id: string, owner: string, asked: EventPosition, waitMs: number) {
    return this.answer('A look at events', waitMs, async (ports): Promise<readonly TaskFollowEvent[] | undefined> => {
      const known = await getTask(ports, { id, owner });
      const seen = reachedPosition(known, asked);
      if (isTerminal(known.state) && hasSeenEnd(seen) && seen.round === (known.round ?? 0)) return undefined;
      const ends = new AbortController();
      const stop = () => ends.abort();
      void ports.clock.sleep(waitMs, ends.signal).then(stop);
      const following = { seen, known, signal: ends.signal };
      try {
        for await (const events of followEvents(ports, { id, owner }, following)) if (events.length > 0) return events;
        return [];
      } finally {
        stop();
      }
    });
  }

  get(id: string, owner: string): Promise<Task> {
    return this.answer('A read', 0, (ports) => this.#tell(id, getTask(ports, { id, owner })));
  }

  cancel(id: string, owner: string): Promise<Task> {
    return this.answer('A cancel', 0, async (ports) => {
      this.#world.oracle.history.cancelsAsked.add(id);
      const task = await cancelTask(ports, { id, owner });
      this.#world.oracle.canceled(id);
      return task;
    });
  }

  retry(id: string, owner: string): Promise<Task> {
    return this.#again(id, { what: 'A retry', as: 'retried', by: owner }, (ports) => retryTask(ports, { id, owner }));
  }

  redrive(id: string, owner: string): Promise<Task> {
    const by = 'operator';
    return this.#again(id, { what: 'A redrive', as: 'redriven', by }, async (ports) => {
      const { refused } = await redriveDeadLetters(ports, { model: MODEL, by, ids: [id] });
      for (const { error } of refused) throw error;
      return getTask(ports, { id, owner });
    });
  }

  #again(
    id: string,
    { what, as, by }: { readonly what: string; readonly as: 'retried' | 'redriven'; readonly by: string },
    send: (ports: Ports) => Promise<Task>,
  ): Promise<Task> {
    return this.answer(what, 0, async (ports) => {
      const { oracle } = this.#world;
      oracle.history.askedAgain(id, as, by);
      const before = oracle.history.rows.get(id);
      try {
        const task = await send(ports);
        oracle.sentAgain(id);
        return task;
      } catch (error) {
        oracle.refusedAgain(before, error);
        throw error;
      }
    });
  }

  async #tell(id: string, reading: Promise<Task>): Promise<Task> {
    const askedMs = this.#world.engine.now;
    try {
      const task = await reading;
      this.#world.oracle.seen(id, task, askedMs);
      return task;
    } catch (error) {
      this.#world.oracle.lookupFailed(id, error);
      throw error;
    }
  }

  /** Every request must be answered in time, unless the process died or was frozen. */
  async answer<T>(what: string, extraMs: number, answer: (ports: GatewayPorts) => Promise<T>): Promise<T> {
    const ports = this.#ports;
    if (!ports) throw new ModelyardError('bad_gateway', 'It is starting.', { retryable: true });
    const { engine, oracle } = this.#world;
    const actor = this.#actor;
    let late: SimEvent | undefined;
    const watch = (sinceMs: number) => {
      late = engine.after(actor, extraMs + LONGEST_ANSWER_MS, () => {
        if (actor.frozenUntil > sinceMs) watch(engine.now);
        else oracle.fail('nobody waits for ever', `${what} at ${actor.name} was not answered.`);
      });
    };
    watch(engine.now);
    try {
      return await answer(ports);
    } finally {
      if (late) late.isCanceled = true;
    }
  }

  #start(): Actor {
    const { engine } = this.#world;
    this.#starts += 1;
    const actor = engine.spawn(`${this.#name}.${this.#starts}`, this.#skewMs);
    engine.after(actor, 0, () => {
      const { webhooks } = this.#world;
      const connected = this.#platform.connect(actor);
      const { queues, blobs, clock, tasks } = connected;
      const ports = {
        ...connected,
        ...(webhooks ? { webhooks: webhooks.connect(actor) } : {}),
        transfers: gatewayTransfers({ blobs, streams: blobs, clock }),
        placesOf: latePlaces({ backlog: createBacklog({ queues, clock }), tasks, clock }),
      };
      void this.#world.setClock(actor).then(() => {
        if (actor.isAlive) this.#ports = ports;
      });
    });
    this.#world.onDeath(actor, () => {
      this.#ports = undefined;
      engine.after(this.#world.kernel, RESTART_MS, () => {
        this.#actor = this.#start();
      });
    });
    return actor;
  }
}

/** The process that ends the tasks of dead letters, and comes back after it died. */
export function startGivingUp(world: World, platform: SimPlatform, starts = 1): void {
  const { engine } = world;
  const actor = engine.spawn(`dead-letters.${starts}`);
  world.onDeath(actor, () => {
    engine.after(world.kernel, RESTART_MS, () => startGivingUp(world, platform, starts + 1));
  });
  engine.after(actor, 0, () => {
    const ports = platform.connect(actor);
    startDeadLetterPump({
      models: [MODEL],
      queues: ports.queues,
      clock: ports.clock,
      logger: traceLogger(world, actor),
      async giveUp(model, deliveries) {
        const outcomes = await Promise.allSettled(
          deliveries.map(({ body, attempts, reason }) =>
            giveUpTask(ports, { model, body, attempts, ...(reason ? { reason } : {}) }),
          ),
        );
        return new Set(deliveries.filter((_, i) => outcomes[i]?.status === 'rejected'));
      },
    });
  });
}
