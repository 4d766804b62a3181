import type { ModelManifest } from '#catalog/manifest.ts';

export const manifest = {
  name: 'model_b',
  description: 'Stands in for slow work: hands its number back after a delay, 30 seconds unless told otherwise.',
  // Waiting costs nothing, so one slow request need not hold up the next.
  slots: 8,
  // A minute more than the longest delay that a request may ask for.
  timeoutSeconds: 660,
} as const satisfies ModelManifest;
