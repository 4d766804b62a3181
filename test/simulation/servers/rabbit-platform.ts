import { MemoryTaskStore } from '#adapters/memory/index.ts';
import type { HeldCounts } from '#adapters/rabbit-redis/queue/held-counts.ts';
import type { RabbitConnections } from '#adapters/rabbit-redis/queue/rabbit-connections.ts';
import type { RabbitLink } from '#adapters/rabbit-redis/queue/rabbit-link.ts';
import { RabbitPublisher } from '#adapters/rabbit-redis/queue/rabbit-publisher.ts';
import { RabbitTaskQueue } from '#adapters/rabbit-redis/queue/rabbit-task-queue.ts';
import { LANES } from '#adapters/rabbit-redis/queue/rabbit-topology.ts';
import type { Turns } from '#adapters/rabbit-redis/queue/turns.ts';
import type { Actor } from '../engine/engine.ts';
import { SimClock } from '../engine/sim-clock.ts';
import { MODEL } from '../world/sim-model.ts';
import type { World } from '../world/world.ts';
import type { SimPlatform } from './ports.ts';
import { SimConnection } from './sim-amqp.ts';
import { SimBroker } from './sim-broker.ts';
import { simBlobs, simStore } from './sim-store.ts';

const POLL_MS = 20_000;
const MAX_HEARTBEAT_SECONDS = 10;

/** The adapters for RabbitMQ, in each process, before a simulated broker; the store is the reference. */
export function rabbitPlatform(world: World): SimPlatform {
  const { engine } = world;
  const broker = new SimBroker(engine, world.host('queue').actor);
  const store = simStore(world, new MemoryTaskStore(new SimClock(engine, world.host('store').actor)), false);
  const blobs = simBlobs(world);
  const turns = anyTurns();
  return {
    connect(actor) {
      const connections = connectionsOf(world, actor, broker);
      const queue = new RabbitTaskQueue({
        ...{ connections, counts: NO_COUNTS, turns, prefix: 's', model: MODEL, pollMs: POLL_MS },
      });
      return { queues: () => queue, tasks: store(actor), blobs: blobs(actor), clock: world.storeClock(actor) };
    },
    get hasMessages() {
      return broker.hasMessages;
    },
  };
}

/** Of one process: the adapters see connections only by what `SimConnection` has. */
function connectionsOf(world: World, actor: Actor, broker: SimBroker): RabbitConnections {
  const connect = (seconds: number) => new SimConnection(world, actor, broker, seconds) as unknown as RabbitLink;
  const publishing = connect(MAX_HEARTBEAT_SECONDS);
  const consuming = new Map<number, RabbitLink>();
  return {
    publishing,
    publisher: new RabbitPublisher(publishing),
    consuming(leaseSeconds: number) {
      const heartbeatSeconds = Math.max(1, Math.min(MAX_HEARTBEAT_SECONDS, Math.floor(leaseSeconds / 6)));
      const link = consuming.get(heartbeatSeconds) ?? connect(heartbeatSeconds);
      consuming.set(heartbeatSeconds, link);
      return { link, heartbeatSeconds };
    },
  } as unknown as RabbitConnections;
}

/** Counts that consumers publish; only `depth` reads them. */
const NO_COUNTS = {
  publish: async () => undefined,
  total: async () => 0,
} satisfies Pick<HeldCounts, 'publish' | 'total'> as Partial<HeldCounts> as HeldCounts;

/** Turns and lanes without a system: they decide on the order only. */
function anyTurns(): Turns {
  let taken = 0;
  return {
    async take() {
      taken += 1;
      // Most messages come in the order of their turns, as in a system with one owner.
      return taken % 3 > 0 ? { turn: 20 * taken, lane: 0 } : { turn: (taken * 13) % 50, lane: taken % LANES.length };
    },
    serve: () => undefined,
  };
}
