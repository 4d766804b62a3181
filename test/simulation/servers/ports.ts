import type { BlobStore, BlobStreams, Clock, StatsStore, TaskQueues, TaskStore } from '#core';
import type { Actor } from '../engine/engine.ts';

/** What one simulated process sees of the platform. */
export interface Ports {
  readonly queues: TaskQueues;
  readonly tasks: TaskStore;
  readonly blobs: BlobStore & BlobStreams;
  readonly clock: Clock;
  /** Absent where nobody counts. */
  readonly stats?: StatsStore;
}

/** Servers that simulated processes share. */
export interface SimPlatform {
  connect(actor: Actor): Ports;
  /** Whether the task queue or the dead letters hold anything. */
  readonly hasMessages: boolean;
}
