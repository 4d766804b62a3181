import type { Migrations, ServiceDatabase } from '#adapters/sql/service-database.ts';
import type {
  AcceptTask,
  AdoptedLaunch,
  ArtifactStore,
  BlobStore,
  CallLog,
  Clock,
  ContainerRunner,
  ContractStore,
  InstanceController,
  LifecycleService,
  ListedHosts,
  ModelRegistry,
  Notifier,
  Outbound,
  StatsStore,
  TaskQueues,
  TaskStore,
  TransferEdge,
  Transfers,
  UsageStore,
  UserStore,
  WebhookStore,
} from '#core';

/** A coherent set of adapters for use cases, handlers and instances. */
export interface Platform {
  readonly queues: TaskQueues;
  readonly tasks: TaskStore;
  readonly blobs: BlobStore;
  /** Moves payloads that are too large for one call. */
  readonly transfers: Transfers;
  /** The other end of `transfers`. Undefined where clients reach the blob store themselves. */
  readonly transferEdge?: TransferEdge;
  readonly stats: StatsStore;
  readonly registry: ModelRegistry;
  readonly contracts: ContractStore;
  /** The queue of webhooks. */
  readonly webhooks: WebhookStore;
  /** Hosts that webhooks may reach although they are private. */
  readonly outboundHosts: ListedHosts;
  /** Undefined where this process cannot launch or stop instances. */
  readonly instances?: InstanceController;
  readonly clock: Clock;
  /**
   * Stores a new task and its first message in one transaction. Resolves like `TaskStore.create`. Undefined where store
   * and queue are different services.
   */
  readonly accept?: AcceptTask;
  /** Origins whose pages may read responses. Undefined: the gateway adds the headers, or no page may. */
  readonly corsOrigins?: readonly string[];
  /** Opens the stores of the lifecycle at the first call. Undefined where there is no lifecycle. */
  lifecycle?(): Promise<LifecycleStores>;
  /**
   * Rejects with `queue_unavailable` or `store_unavailable` while no task can be accepted. Undefined where reading the
   * registry is enough.
   */
  check?(): Promise<void>;
  /**
   * Lets a task of the platform become an instance that an operator has launched. Undefined where a launch itself names
   * the instance.
   */
  adoptLaunch?(model: string, taskId: string): Promise<AdoptedLaunch | undefined>;
  /** Closes all connections. Call nothing else afterwards. */
  close(): Promise<void>;
}

/** The stores of the services of the lifecycle. */
export interface LifecycleStores {
  readonly artifacts: ArtifactStore;
  /** A local folder for temporary files. */
  readonly scratch: string;
  /** Runs stages of pipelines that are containers. */
  readonly containers: ContainerRunner;
  /** Sends requests to external servers. */
  readonly outbound: Outbound;
  readonly notifier: Notifier;
  /** Opens and migrates the database of a service, at the first call. Rejects with `store_unavailable`. */
  database<Tables>(service: LifecycleService, migrations: Migrations): Promise<ServiceDatabase<Tables>>;
  /** Whether the service has been used. True if unknown without a connection. */
  hasDatabase(service: LifecycleService): boolean;
  close(): Promise<void>;
}

/** A platform with users and the call log. Lambdas that need neither use `Platform` and start faster. */
export interface FullPlatform extends Platform {
  readonly users: UserStore;
  readonly calls: CallLog;
  readonly usage: UsageStore;
  /** Whether calls are recorded. */
  readonly recordsCalls: boolean;
}

export const systemClock: Clock = {
  now: () => Date.now(),

  sleep(ms, signal) {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const wake = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      signal?.addEventListener('abort', wake);
    });
  },
};

type UsersAndCalls = Pick<FullPlatform, 'users' | 'calls' | 'usage'>;

/** Stores that are opened at the first call. A failed opening is tried again by the next call. */
export function lateUsersAndCalls(openStores: () => Promise<UsersAndCalls>): UsersAndCalls {
  let opened: Promise<UsersAndCalls> | undefined;
  const open = async (): Promise<UsersAndCalls> => {
    opened ??= openStores();
    try {
      return await opened;
    } catch (error) {
      opened = undefined;
      throw error;
    }
  };
  return {
    users: {
      create: async (user) => (await open()).users.create(user),
      restore: async (user) => (await open()).users.restore(user),
      get: async (id) => (await open()).users.get(id),
      findByName: async (name) => (await open()).users.findByName(name),
      update: async (user) => (await open()).users.update(user),
      delete: async (id) => (await open()).users.delete(id),
      list: async (query) => (await open()).users.list(query),
    },
    calls: {
      append: async (calls) => (await open()).calls.append(calls),
      list: async (query) => (await open()).calls.list(query),
      deleteOf: async (owner) => (await open()).calls.deleteOf(owner),
    },
    usage: {
      get: async (owner) => (await open()).usage.get(owner),
      put: async (owner, usage) => (await open()).usage.put(owner, usage),
      delete: async (owner) => (await open()).usage.delete(owner),
    },
  };
}
