import type { ModelManifest } from '#runtime/manifest.ts';

/** A model folder that can be run here. */
export interface LocalModel {
  /** Absolute path. */
  readonly folder: string;
  readonly manifest: ModelManifest;
}
