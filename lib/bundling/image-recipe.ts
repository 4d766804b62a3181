import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** How to build a model's image. The build context is the repository. */
export interface ImageRecipe {
  /** Relative to the root of the repository. */
  readonly dockerfile: string;
  /** The stage of the Dockerfile to build. @default the last one */
  readonly target?: string;
  readonly args: Readonly<Record<string, string>>;
}

/** The model's own Dockerfile if its folder has one, else the common Dockerfile. */
export function imageRecipe(root: string, model: string): ImageRecipe {
  const own = `model-containers/models/${model}/Dockerfile`;
  const args = { MODEL: model };
  return existsSync(join(root, own)) ? { dockerfile: own, args } : { dockerfile: 'Dockerfile', target: 'model', args };
}
