import { fileURLToPath } from 'node:url';
import { IgnoreMode } from 'aws-cdk-lib';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';

/** Where the image of a model comes from. */
export type ModelImageSource = { readonly kind: 'asset' } | { readonly kind: 'registry'; readonly ref: string };

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The image of a model: built by the repository's Dockerfile when it is deployed, or one that exists. */
export function modelImage(source: ModelImageSource, model: string): ContainerImage {
  if (source.kind === 'registry')
    return ContainerImage.fromRegistry(source.ref.replaceAll('{model}', model.replaceAll('_', '-')));
  return ContainerImage.fromAsset(ROOT, {
    file: 'Dockerfile',
    target: 'model',
    buildArgs: { MODEL: model },
    platform: Platform.LINUX_ARM64,
    // `.dockerignore` says what images are made of, so that nothing else makes them new ones.
    ignoreMode: IgnoreMode.DOCKER,
  });
}
