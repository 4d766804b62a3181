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

/** The model's own Dockerfile if its folder has one, else the stage of the common Dockerfile for its language. */
export function imageRecipe(root: string, model: string): ImageRecipe {
  const folder = `model-containers/models/${model}`;
  const has = (file: string) => existsSync(join(root, folder, file));
  const args = { MODEL: model };
  if (has('Dockerfile')) return { dockerfile: `${folder}/Dockerfile`, args };
  const isPython = has('model.py') || has('requirements.txt');
  const target = isPython ? 'model-python' : has('model.onnx') ? 'model-onnx' : 'model';
  return { dockerfile: 'Dockerfile', target, args };
}
