import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// The end-to-end suite against the deployed URL that `npm run e2e:cloud` sets.
export default defineConfig({
  resolve: {
    alias: {
      '#test/support/embedded-system.ts': fileURLToPath(new URL('test/support/deployed-system.ts', import.meta.url)),
    },
  },
  test: {
    include: ['test/e2e/*.test.ts', 'test/cloud/**/*.cloud.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
