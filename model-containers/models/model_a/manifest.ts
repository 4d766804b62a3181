import type { ModelManifest } from '#catalog/manifest.ts';

export const manifest = {
  name: 'model_a',
  description: 'Processes a text or the newest message of a conversation, and says so.',
  slots: 8,
  timeoutSeconds: 10,
} as const satisfies ModelManifest;
