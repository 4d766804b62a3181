import type {
  BlobStore,
  CallLog,
  Clock,
  ContractStore,
  InstanceController,
  ModelRegistry,
  TaskQueues,
  TaskStore,
  UserStore,
} from '#core';

/** A coherent set of adapters: everything that use cases, handlers and model instances stand on. */
export interface Platform {
  readonly queues: TaskQueues;
  readonly tasks: TaskStore;
  readonly blobs: BlobStore;
  readonly registry: ModelRegistry;
  readonly contracts: ContractStore;
  /** Absent where this process may not start or stop instances. */
  readonly instances?: InstanceController;
  readonly clock: Clock;
  /** Origins whose pages may read answers. Absent where the gateway sees to it, or lets no page in. */
  readonly corsOrigins?: readonly string[];
  /** Rejects with `queue_unavailable` or `store_unavailable` while a task could not be accepted. Absent where the registry tells. */
  check?(): Promise<void>;
  /** Ends connections. Nothing else may be called afterwards. */
  close(): Promise<void>;
}

/** A platform that also knows who registered, and who called when. Lambdas that need neither do without, and start faster. */
export interface FullPlatform extends Platform {
  readonly users: UserStore;
  readonly calls: CallLog;
}
