import type { ModelManifest } from '#catalog/manifest.ts';
import { STAGE_MODEL } from '#core';

/** The worker of all services: starts with the first stage and stops when it is idle. */
export const manifest = {
  name: STAGE_MODEL,
  description: 'Runs the stages of the lifecycle: ingestion, preprocessing, features and training.',
  title: 'Lifecycle worker',
  localInstances: 0,
  slots: 2,
  cpu: 1024,
  memoryMiB: 4096,
  timeoutSeconds: 3600,
  idleSeconds: 120,
} as const satisfies ModelManifest;
