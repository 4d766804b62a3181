import type { ModelManifest } from '#catalog/manifest.ts';

export const manifest = {
  name: 'voice_activity',
  title: 'Voice activity',
  description: 'Finds speech in an audio file, segment by segment, and tells each segment as soon as it is over.',
  timeoutSeconds: 300,
} as const satisfies ModelManifest;
