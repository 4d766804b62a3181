import { defineConfig } from 'vitest/config';
import base, { LONG } from './vitest.config.ts';

const { projects, ...others } = base.test ?? {};

// Most files run the tests of another one again, so they load modules of their own.
export default defineConfig({
  test: {
    ...others,
    include: LONG,
    isolate: true,
    setupFiles: ['test/support/end-leftovers.ts', 'test/support/watch-secrets.ts'],
  },
});
