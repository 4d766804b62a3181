/** A part of the code, with the fast tests that cover it. */
export interface Area {
  /** Files to mutate. */
  readonly mutate: readonly string[];
  /** Test files that start no servers. */
  readonly tests: readonly string[];
  /** Mutants tested in parallel. @default 2 */
  readonly concurrency?: number;
}

// `tasks`, `fleet`, `users` and `lifecycle` are together `lib/core`.
export const AREAS = {
  tasks: {
    mutate: ['lib/core/{tasks,batches,events,webhooks}/**/*.ts'],
    tests: [
      'test/core/{tasks,batches,webhooks}/*.test.ts',
      'test/core/store-clock.test.ts',
      'test/adapters/memory/memory-task-store.test.ts',
      'test/lambdas/{batches,cancel-task,events,get-result,get-task,give-up-task,list-tasks,retry-task,submit-task}.test.ts',
      'test/lambdas/webhooks.test.ts',
    ],
  },
  fleet: {
    mutate: ['lib/core/{instances,models,stats}/**/*.ts'],
    tests: [
      // `fleet` takes seconds.
      'test/core/instances/!(fleet).test.ts',
      'test/core/{models,stats}/*.test.ts',
      'test/lambdas/{collect-metrics,get-stats,health,instances,logs,models,registry-outage,test-start}.test.ts',
      'test/local/terminal.test.ts',
    ],
  },
  users: {
    mutate: ['lib/core/{calls,outbound,stages,users}/**/*.ts'],
    tests: [
      'test/core/{calls,outbound,users}/*.test.ts',
      'test/api/auth/tokens.test.ts',
      'test/lambdas/{authorize-caller,record-calls}.test.ts',
      'test/gateway/user-limits.test.ts',
    ],
  },
  lifecycle: {
    mutate: ['lib/core/lifecycle/**/*.ts', 'lib/core/*.ts'],
    tests: ['test/core/lifecycle/*.test.ts', 'test/core/*.test.ts'],
  },
  worker: {
    // Code and tests of child processes are excluded.
    mutate: [
      'model-containers/runtime/worker/*.ts',
      'model-containers/runtime/backends/{frames,load-definition,model-backend,model-connection,run-model,serve-model}.ts',
    ],
    tests: [
      'test/runtime/worker/!(crashes).test.ts',
      'test/runtime/backends/{frames,load-definition,model-connection,run-model}.test.ts',
    ],
    // The tests are mostly idle.
    concurrency: 5,
  },
  memory: {
    mutate: ['lib/adapters/memory/**/*.ts'],
    // `earlier-build` starts instances.
    tests: ['test/adapters/memory/memory-*.test.ts'],
  },
} as const satisfies Readonly<Record<string, Area>>;

export type AreaName = keyof typeof AREAS;
