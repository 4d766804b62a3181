import { defineConfig } from 'vitest/config';
import { AREAS, type Area, type AreaName } from './areas.ts';

const area: Area = AREAS[(process.env.MUTATION_AREA ?? 'tasks') as AreaName];

export default defineConfig({
  test: {
    // Loading modules takes longer than most tests.
    isolate: false,
    include: [...area.tests],
    setupFiles: ['test/mutation/quick-properties.ts'],
    execArgv: ['--disable-warning=ExperimentalWarning'],
    // The longest test waits for nine seconds; many mutants make a test hang.
    testTimeout: 20_000,
    hookTimeout: 10_000,
  },
});
