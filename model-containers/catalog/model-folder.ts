import type { ModelManifest } from './manifest.ts';

/** A model folder that can be run here. */
export interface LocalModel {
  /** Absolute path. */
  readonly folder: string;
  readonly manifest: ModelManifest;
}

/** What an instance here runs from, where it would be a container image elsewhere. */
export const LOCAL_IMAGE = 'local process';
