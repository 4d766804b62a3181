import type { ModelManifest } from '#catalog/manifest.ts';

export const manifest = {
  name: 'model_b',
  description: 'Simulates slow work: returns its number after a delay, 30 seconds by default.',
  // Runs only wait, so many fit into one process.
  slots: 8,
  // One minute longer than the longest delay of a request.
  timeoutSeconds: 660,
} as const satisfies ModelManifest;
