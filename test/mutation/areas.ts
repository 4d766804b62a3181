/** A part of the code, with the fast tests that cover it. */
export interface Area {
  /** Files to mutate. */
  readonly mutate: readonly string[];
  /** Test files that start no servers. */
  readonly tests: readonly string[];
  /** Mutants tested in parallel. @default 2 */
  readonly concurrency?: number;
}

export const AREAS = {
  core: {
    mutate: ['lib/core/**/*.ts'],
    tests: ['test/core/**/*.test.ts', 'test/adapters/memory/memory-{stores,task-store}.test.ts'],
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
