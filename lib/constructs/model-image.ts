import { fileURLToPath } from 'node:url';
import { IgnoreMode } from 'aws-cdk-lib';
import { type DockerImageAssetProps, Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { imageRecipe } from '../bundling/image-recipe.ts';
import { builtImage } from './built-image.ts';

export type ModelImageSource = { readonly kind: 'asset' } | { readonly kind: 'registry'; readonly ref: string };

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Paths that `.dockerignore` includes for other images. */
const FOR_OTHERS = [
  ...['bin', 'clients', 'console', 'lambdas', 'lib/api', 'lib/gateway', 'lib/local'],
  ...['scripts', '!scripts/bundle-model.ts'],
  ...['model-containers/models', 'proto/gen/models'],
];

/** The image of a model: built at deployment, or referenced. `isIpv6`: whether it is pulled by IPv6 only. */
export function modelImage(source: ModelImageSource, model: string, isIpv6: boolean): ContainerImage {
  if (source.kind === 'registry')
    return ContainerImage.fromRegistry(source.ref.replaceAll('{model}', model.replaceAll('_', '-')));
  const { directory, ...props } = modelAsset(ROOT, model);
  return builtImage(directory, props, isIpv6);
}

/** The image of the worker of the lifecycle and of its models. */
export function lifecycleImage(source: ModelImageSource, isIpv6: boolean): ContainerImage {
  if (source.kind === 'registry') return ContainerImage.fromRegistry(source.ref.replaceAll('{model}', 'lifecycle'));
  const props = {
    target: 'lifecycle-python',
    platform: Platform.LINUX_ARM64,
    ignoreMode: IgnoreMode.DOCKER,
    exclude: ['bin', 'clients', 'console', 'lambdas', 'lib/gateway', 'lib/local', 'scripts', 'model-containers/models'],
  };
  return builtImage(ROOT, props, isIpv6);
}

/** Includes only files of this model's image, so that other changes neither rebuild nor redeploy it. */
export function modelAsset(root: string, model: string) {
  const { dockerfile, target, args } = imageRecipe(root, model);
  return {
    directory: root,
    file: dockerfile,
    ...(target === undefined ? {} : { target }),
    buildArgs: { ...args },
    platform: Platform.LINUX_ARM64,
    ignoreMode: IgnoreMode.DOCKER,
    exclude: [...FOR_OTHERS, `!model-containers/models/${model}`, `!proto/gen/models/${model}.ts`],
  } satisfies DockerImageAssetProps;
}
