import type { ModelManifest } from '#catalog/manifest.ts';
import { batchingOf } from '#test/bench/batching/batch-size.ts';

export const manifest = {
  name: 'speech_clip',
  description: 'Finds speech in a clip with Silero VAD.',
  ...batchingOf(),
} as const satisfies ModelManifest;
