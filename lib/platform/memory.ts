import {
  MemoryBlobStore,
  MemoryCallLog,
  MemoryContractStore,
  MemoryModelRegistry,
  MemoryStatsStore,
  MemoryTaskQueue,
  MemoryTaskStore,
  MemoryUsageStore,
  MemoryUserStore,
  MemoryWebhookStore,
} from '#adapters/memory/index.ts';
import type { Clock, ListedHosts, TransferEdge, Transfers } from '#core';
import { gatewayTransfers } from './gateway-transfers.ts';
import { type FullPlatform, systemClock } from './platform.ts';

export interface MemoryPlatformSettings {
  /** @default the system clock */
  readonly clock?: Clock;
  /** How long an empty receive waits, in milliseconds. @default 20_000 */
  readonly pollMs?: number;
  /** Hosts that requests may reach although they are private. @default none */
  readonly outboundHosts?: ListedHosts;
}

/** The adapters have a `reachable` property, which tests use to simulate outages. */
export interface MemoryPlatform extends FullPlatform {
  readonly queues: (model: string) => MemoryTaskQueue;
  readonly tasks: MemoryTaskStore;
  readonly blobs: MemoryBlobStore;
  readonly transfers: Transfers & TransferEdge;
  readonly registry: MemoryModelRegistry;
  readonly contracts: MemoryContractStore;
  readonly users: MemoryUserStore;
  readonly calls: MemoryCallLog;
  readonly usage: MemoryUsageStore;
  readonly webhooks: MemoryWebhookStore;
}

/** All adapters in this process: the reference for unit tests and benchmarks. */
export function createMemoryPlatform({
  clock = systemClock,
  pollMs,
  outboundHosts = new Set(),
}: MemoryPlatformSettings = {}): MemoryPlatform {
  const queues = new Map<string, MemoryTaskQueue>();
  const blobs = new MemoryBlobStore();
  const transfers = gatewayTransfers({ blobs, streams: blobs, clock });
  return {
    queues(model) {
      const queue = queues.get(model) ?? new MemoryTaskQueue({ clock, ...(pollMs === undefined ? {} : { pollMs }) });
      queues.set(model, queue);
      return queue;
    },
    tasks: new MemoryTaskStore(clock),
    blobs,
    transfers,
    transferEdge: transfers,
    stats: new MemoryStatsStore(clock),
    registry: new MemoryModelRegistry(clock),
    contracts: new MemoryContractStore(),
    users: new MemoryUserStore(),
    calls: new MemoryCallLog(clock),
    usage: new MemoryUsageStore(),
    webhooks: new MemoryWebhookStore(clock),
    outboundHosts,
    recordsCalls: true,
    clock,
    async close() {
      for (const queue of queues.values()) queue.close();
    },
  };
}
