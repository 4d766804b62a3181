import type { ModelManifest } from './manifest.ts';

export interface LocalModel {
  /** Absolute path. */
  readonly folder: string;
  readonly manifest: ModelManifest;
}

/** The `image` of instances that are processes. */
export const LOCAL_IMAGE = 'local process';
