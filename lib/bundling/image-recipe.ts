import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** How the image of a model is built, with the repository as context. */
export interface ImageRecipe {
  /** From the root of the repository. */
  readonly dockerfile: string;
  /** The stage of the Dockerfile that is the image; the last one when there is none. */
  readonly target?: string;
  readonly args: Readonly<Record<string, string>>;
}

/** The model's own Dockerfile when its folder in the repository at `root` has one, or the common one. */
export function imageRecipe(root: string, model: string): ImageRecipe {
  const own = `model-containers/models/${model}/Dockerfile`;
  const args = { MODEL: model };
  return existsSync(join(root, own)) ? { dockerfile: own, args } : { dockerfile: 'Dockerfile', target: 'model', args };
}
