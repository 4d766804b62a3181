import { configDefaults, defineConfig } from 'vitest/config';

/** Tests of templates only read what they synthesize, so their files share it and the modules of the CDK. */
const TEMPLATES = ['test/stacks/**/*.test.ts', 'test/constructs/**/*.test.ts', 'test/dashboards/**/*.test.ts'];

export default defineConfig({
  test: {
    // Two workers: end-to-end tests start whole systems.
    maxWorkers: 2,
    // The one about node:sqlite.
    execArgv: ['--disable-warning=ExperimentalWarning'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          ...{ name: 'templates', include: TEMPLATES, isolate: false, unstubEnvs: true },
          // Synthesis is pure CPU time: seconds alone, minutes beside other load.
          ...{ testTimeout: 180_000, hookTimeout: 240_000 },
        },
      },
      {
        extends: true,
        test: {
          name: 'others',
          // No output may have a secret in it.
          setupFiles: ['test/support/watch-secrets.ts'],
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...TEMPLATES],
        },
      },
    ],
  },
});
