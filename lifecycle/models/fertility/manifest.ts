import type { ModelManifest } from '#catalog/manifest.ts';

/** The model of `npm run example`. */
export const manifest = {
  name: 'fertility',
  description: 'Predicts the fertility rate of a country in the next year.',
  versioned: true,
  localInstances: 0,
  slots: 16,
  idleSeconds: 600,
} as const satisfies ModelManifest;
