import { fileURLToPath } from 'node:url';
import { IgnoreMode } from 'aws-cdk-lib';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';

/** Where the image of a model comes from. */
export type ModelImageSource = { readonly kind: 'asset' } | { readonly kind: 'registry'; readonly ref: string };

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Everything an image is made of, so that nothing else makes it a new one. */
const CONTEXT = ['Dockerfile', '.npmrc', 'package.json', 'package-lock.json', 'lib', 'proto', 'model-containers'];
/** Of the context: what instances never load. */
const UNUSED = ['lib/api', 'lib/bundling', 'lib/constructs', 'lib/local', 'lib/stacks'];

/** The image of a model: built by the repository's Dockerfile when it is deployed, or one that exists. */
export function modelImage(source: ModelImageSource, model: string): ContainerImage {
  if (source.kind === 'registry') return ContainerImage.fromRegistry(source.ref.replaceAll('{model}', model));
  return ContainerImage.fromAsset(ROOT, {
    file: 'Dockerfile',
    buildArgs: { MODEL: model },
    platform: Platform.LINUX_ARM64,
    ignoreMode: IgnoreMode.DOCKER,
    exclude: [
      '*',
      ...CONTEXT.map((path) => `!${path}`),
      ...UNUSED,
      'model-containers/models/*',
      `!model-containers/models/${model}`,
    ],
  });
}
