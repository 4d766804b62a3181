import type { ModelManifest } from '#catalog/manifest.ts';

export const manifest = {
  name: 'model_a',
  description: 'Returns a text, or the newest message of a conversation, in a sentence.',
  slots: 8,
  timeoutSeconds: 10,
} as const satisfies ModelManifest;
