import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';

/** Tests of templates only read what they synthesize, so their files share it and the modules of the CDK. */
const TEMPLATES = ['test/stacks/**/*.test.ts', 'test/constructs/**/*.test.ts', 'test/dashboards/**/*.test.ts'];
/** Replace modules, or run the tests of another file again on another platform. */
const ALONE = ['test/{models/model-b,bundling/console}.test.ts', 'test/e2e/{aws,rabbit-redis}/**/*.test.ts'];
/** Counts requests of a worker, which are more when other work keeps runs from ending together. */
const LAST = ['test/scripts/cost-usage.test.ts'];
/**
 * What `npm run test:long` runs, a step of `.ci/run`. Tests of one platform, one fault or one build of each kind stay in
 * `npm test`.
 */
export const LONG = [
  // Suites of SQLite again, on other platforms.
  'test/e2e/*/repeated/*.test.ts',
  'test/e2e/*/data-to-alert.test.ts',
  // A browser. What a new user does in the console stays in `npm test`.
  'test/e2e/docs.test.ts',
  'test/e2e/console-*.test.ts',
  'test/bench/charts/pages.test.ts',
  // Builds and installs.
  'test/bundling/packages.test.ts',
  'test/stacks/environments.test.ts',
  'test/containers/images.test.ts',
  'test/docs/add-a-model.test.ts',
  'test/models/wine.test.ts',
  'test/runtime/backends/served-models.test.ts',
  'test/e2e/{example,roll-out}.test.ts',
  // Faults that last for real seconds, and every way in which a start or a model can fail.
  'test/adapters/*/silent-network.test.ts',
  'test/adapters/rabbit-redis/{consumer-timeout,memory-alarm,outages}.test.ts',
  'test/e2e/rabbit-redis/{backup,cut-off,erasure,outages,registry-outage,start,users}.test.ts',
  'test/runtime/instance/blocked/{aws,memory,rabbit-redis}.test.ts',
  'test/runtime/worker/crashes.test.ts',
  'test/torture/cancels/race.test.ts',
];
/** No output may have a secret in it, and what a file started ends with it. */
const setupFiles = ['test/support/end-leftovers.ts', 'test/support/watch-secrets.ts'];

/** Where instances of `npm start` keep compiled code. */
const COMPILED = fileURLToPath(new URL('node_modules/.cache/modelyard', import.meta.url));

export default defineConfig({
  test: {
    // More than a small machine has processors: end-to-end tests wait for leases, timeouts and starts half of the time.
    maxWorkers: 4,
    globalSetup: ['test/support/shared-rabbitmq.ts'],
    // Modules are loaded once per worker: with a process per file, that took half of the CPU time of all tests.
    isolate: false,
    unstubEnvs: true,
    // Workers and programs that tests start load compiled code, which takes a quarter of the time.
    env: { NODE_COMPILE_CACHE: COMPILED },
    // The one about node:sqlite.
    execArgv: ['--disable-warning=ExperimentalWarning'],
    // They only end what hangs: a start of a system takes a second alone, and a minute beside other load.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // A second is not enough on a busy machine. `vi.waitFor` has no such setting, so each call names its own.
    expect: { poll: { timeout: 20_000 } },
    projects: [
      {
        extends: true,
        test: {
          ...{ name: 'templates', include: TEMPLATES, exclude: LONG },
          // After the others, in a worker per processor of a small machine: the first synthesis of a worker loads the CDK.
          ...{ maxWorkers: 2, sequence: { groupOrder: 1 } },
          // Synthesis is pure CPU time: seconds alone, minutes beside other load.
          ...{ testTimeout: 180_000, hookTimeout: 240_000 },
        },
      },
      { extends: true, test: { name: 'alone', setupFiles, include: ALONE, exclude: LONG, isolate: true } },
      {
        extends: true,
        test: { name: 'last', setupFiles, include: LAST, maxWorkers: 1, sequence: { groupOrder: 2 } },
      },
      {
        extends: true,
        test: {
          name: 'others',
          setupFiles,
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...TEMPLATES, ...ALONE, ...LAST, ...LONG],
        },
      },
    ],
  },
});
