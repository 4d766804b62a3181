import type { ModelManifest } from '#catalog/manifest.ts';
import { batchingOf } from '#test/bench/batching/batch-size.ts';

export const manifest = {
  name: 'synthetic_cost',
  description: 'Computes for a fixed time per run and a time per request.',
  ...batchingOf(),
} as const satisfies ModelManifest;
