import { defineConfig } from 'vitest/config';
import { AREAS, type Area, type AreaName } from './areas.ts';

const area: Area = AREAS[(process.env.MUTATION_AREA ?? 'core') as AreaName];

export default defineConfig({
  test: {
    // Modules keep no state between tests, and loading them takes longer than a test.
    isolate: false,
    include: [...area.tests],
    setupFiles: ['test/mutation/quick-properties.ts', ...(area.setup ?? [])],
    execArgv: ['--disable-warning=ExperimentalWarning'],
    // A change of the code often lets a test wait for ever.
    testTimeout: 15_000,
    hookTimeout: 15_000,
  },
});
