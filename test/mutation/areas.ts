/** A part of the code, and the fast suites that have to notice every change of it. */
export interface Area {
  /** Patterns of the files to mutate. */
  readonly mutate: readonly string[];
  /** Patterns of test files without servers. */
  readonly tests: readonly string[];
  /** Modules that test files load first. */
  readonly setup?: readonly string[];
  /** Changes that are tested at once. @default 2 */
  readonly concurrency?: number;
}

export const AREAS = {
  core: {
    mutate: ['lib/core/**/*.ts'],
    tests: ['test/core/**/*.test.ts', 'test/adapters/memory/memory-{stores,task-store}.test.ts'],
  },
  worker: {
    // Without what starts processes of models or runs in them, and without the tests that do so.
    mutate: [
      'model-containers/runtime/worker/*.ts',
      'model-containers/runtime/backends/{frames,load-definition,model-backend,model-connection,run-model,serve-model}.ts',
    ],
    tests: [
      'test/runtime/worker/!(crashes).test.ts',
      'test/runtime/backends/{frames,load-definition,model-connection,run-model}.test.ts',
    ],
    // Its tests wait most of the time.
    concurrency: 4,
  },
  memory: {
    mutate: ['lib/adapters/memory/**/*.ts'],
    tests: ['test/adapters/memory/**/*.test.ts'],
    setup: ['test/mutation/fast-timers.ts'],
  },
} as const satisfies Readonly<Record<string, Area>>;

export type AreaName = keyof typeof AREAS;
