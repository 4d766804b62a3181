import { MemoryTaskQueue, MemoryTaskStore } from '#adapters/memory/index.ts';
import { MessageBuffer } from '#adapters/memory/queue/message-buffer.ts';
import type { ConsumeOptions, Delivery, TaskConsumer, TaskQueue } from '#core';
import type { Actor } from '../engine/engine.ts';
import type { FaultKind } from '../engine/faults.ts';
import { SimClock } from '../engine/sim-clock.ts';
import { taskOf } from '../world/requests.ts';
import type { World } from '../world/world.ts';
import type { Ports, SimPlatform } from './ports.ts';
import { simBlobs, simStore } from './sim-store.ts';

/** Faults of a receive. Lost responses are excluded: the server would renew the lease of a lost delivery for ever. */
const RECEIVE_FAULTS: ReadonlySet<FaultKind> = new Set(['refuse', 'crash-before', 'crash-after', 'freeze', 'slow']);

/** The memory adapters, run as servers that processes call over the network. */
export function memoryPlatform(world: World): SimPlatform {
  const { engine } = world;
  const broker = world.host('queue');
  const clock = new SimClock(engine, broker.actor);
  const messages = new MessageBuffer(clock, new MessageBuffer(clock));
  const store = simStore(world, new MemoryTaskStore(new SimClock(engine, world.host('store').actor)), true);
  const blobs = simBlobs(world);
  return {
    connect(actor): Ports {
      // Its consumers renew leases by this clock, which stops while the process is frozen.
      const followed = new SimClock(engine, broker.actor, actor);
      const queue = new MemoryTaskQueue({ clock: followed }, messages);
      return {
        queues: () => remoteQueue(world, actor, queue),
        tasks: store(actor),
        blobs: blobs(actor),
        clock: world.storeClock(actor),
      };
    },
    get hasMessages() {
      return messages.size + (messages.deadLetters?.size ?? 0) > 0;
    },
  };
}

function remoteQueue(world: World, actor: Actor, queue: MemoryTaskQueue): TaskQueue {
  const call = world.caller(actor, 'queue');
  return {
    send: (message) =>
      call('send', () => queue.send(message), {
        about: taskOf(message.body),
        describe: () => world.describe.body(message.body),
      }),
    consume: (options) => remoteConsumer(world, actor, queue, options),
    depth: () => call('depth', () => queue.depth()),
  };
}

function remoteConsumer(
  world: World,
  actor: Actor,
  queue: MemoryTaskQueue,
  { signal, ...options }: ConsumeOptions,
): TaskConsumer {
  const { engine } = world;
  const call = world.caller(actor, 'queue');
  const stopped = new AbortController();
  signal.addEventListener('abort', () => engine.after(world.host('queue').actor, 1, () => stopped.abort()));
  const consumer = queue.consume({ ...options, signal: stopped.signal });
  world.onDeath(actor, () => {
    stopped.abort();
    void consumer.close();
  });
  return {
    async receive(max) {
      const deliveries = await call('receive', () => consumer.receive(max), {
        faults: RECEIVE_FAULTS,
        show: (received) => received.map((delivery) => describeDelivery(world, delivery)).join(', ') || 'nothing',
      });
      return deliveries.map((delivery) => remoteDelivery(world, actor, queue, delivery));
    },
    close: () => call('close', () => consumer.close(), { faults: new Set() }),
  };
}

function remoteDelivery(world: World, actor: Actor, queue: MemoryTaskQueue, delivery: Delivery): Delivery {
  const { engine } = world;
  const call = world.caller(actor, 'queue');
  const lease = new AbortController();
  delivery.lease.addEventListener('abort', () => engine.after(actor, 1, () => lease.abort()));
  const options = { about: taskOf(delivery.body), describe: () => describeDelivery(world, delivery) };
  /** A lost settlement is treated as an outage of the queue. */
  const settle = async (name: string, serve: () => Promise<void>): Promise<void> => {
    try {
      await call(name, serve, options);
    } catch (error) {
      queue.reachable = false;
      await delivery.ack().catch(() => undefined);
      queue.reachable = true;
      throw error;
    }
  };
  const { body, fence, attempts, losses, isSuspect, reason } = delivery;
  return {
    body,
    fence,
    attempts,
    losses,
    isSuspect,
    ...(reason ? { reason } : {}),
    lease: lease.signal,
    ack: () => settle('ack', () => delivery.ack()),
    retry: (next) => settle('retry', () => delivery.retry(next)),
    release: (next) => settle('release', () => delivery.release(next)),
    reject: (why, spent) => settle('reject', () => delivery.reject(why, spent)),
  };
}

const describeDelivery = (world: World, { body, fence, attempts, isSuspect }: Delivery): string =>
  `${world.describe.body(body)} fence ${fence}, attempts ${attempts}${isSuspect ? ', suspect' : ''}`;
