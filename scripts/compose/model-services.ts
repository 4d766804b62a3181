import { hasSidecar, type ModelManifest } from '#catalog/manifest.ts';
import type { ImageRecipe } from '../../lib/bundling/image-recipe.ts';
import { between } from './markers.ts';

export interface ComposedModel {
  readonly manifest: Pick<ModelManifest, 'name' | 'memoryMiB' | 'localInstances' | 'container' | 'versioned'>;
  readonly recipe: ImageRecipe;
}

const MARKERS = {
  what: 'the model services',
  from: '  # models: written by `npm run compose:models` from their manifests\n',
  to: '  # end of models\n',
} as const;

/** Replaces the model services in the text of `compose.yaml`. Throws when a marker comment is missing or repeated. */
export function withModels(compose: string, models: readonly ComposedModel[]): string {
  const services = [
    provisionService(models),
    ...models.flatMap((model) => [rabbitRedisService(model), awsService(model), ...sidecarService(model)]),
  ];
  return between(compose, MARKERS, services.join('\n'));
}

/** Host names cannot contain underscores. */
const dashed = (name: string): string => name.replaceAll('_', '-');

const imageOf = (name: string): string => `modelyard/${dashed(name)}:\${TAG:-local}`;

const rabbitRedisService = (model: ComposedModel): string =>
  service(model, {
    suffix: '',
    profiles: 'rabbit-redis, control, lifecycle',
    environment: '*rabbit-redis',
    waitsFor: '*brokers',
  });

const awsService = (model: ComposedModel): string =>
  service(model, { suffix: '-aws', profiles: 'aws', environment: '*aws', waitsFor: '*provisioned' });

interface Flavour {
  readonly suffix: string;
  readonly profiles: string;
  readonly environment: string;
  readonly waitsFor: string;
}

function service({ manifest, recipe }: ComposedModel, flavour: Flavour): string {
  const { name, memoryMiB = 512, localInstances, versioned } = manifest;
  const { dockerfile, target, args } = recipe;
  const stage = target === undefined ? '' : `      target: ${target}\n`;
  const given = Object.entries(args).map(([key, value]) => `        ${key}: ${value}\n`);
  const scale = localInstances === undefined ? '' : `    scale: ${localInstances}\n`;
  return `  ${dashed(name)}${flavour.suffix}:
    <<: *model
    image: ${imageOf(name)}
    build:
      context: .
      dockerfile: ${dockerfile}
${stage}      args:
        NODE_IMAGE: \${NODE_IMAGE:-node:24-bookworm-slim}
${given.join('')}    profiles: [${flavour.profiles}]
    environment:
      <<: ${flavour.environment}
      MODELYARD_MODEL: ${name}
      MODELYARD_IMAGE: ${imageOf(name)}
${beside(manifest)}${versioned ? '      MODELYARD_ARTIFACTS: /artifacts\n' : ''}    labels:
      modelyard.project: \${COMPOSE_PROJECT_NAME:-modelyard}
      modelyard.model: ${name}
    depends_on: ${flavour.waitsFor}
${versioned ? '    volumes: [lifecycle-artifacts:/artifacts:ro]\n' : ''}    mem_limit: ${memoryMiB}m
${scale}`;
}

const sidecarOf = (name: string): string => `${dashed(name)}-container`;

/** The instance waits until the container is ready, so compose need not know how to ask it. */
const beside = (manifest: ComposedModel['manifest']): string =>
  hasSidecar(manifest)
    ? `      MODELYARD_CONTAINER_URL: http://${sidecarOf(manifest.name)}:${manifest.container?.port}\n`
    : '';

/** A container that already serves, beside the instances of its model. */
function sidecarService({ manifest }: ComposedModel): readonly string[] {
  const { name, container, memoryMiB = 512 } = manifest;
  if (!container || !hasSidecar(manifest)) return [];
  const { image, build } = container;
  const source = build === undefined ? '' : `    build: ./model-containers/models/${name}/${build}\n`;
  return [
    `  ${sidecarOf(name)}:
    image: ${image ?? `modelyard/${sidecarOf(name)}:\${TAG:-local}`}
${source}    profiles: [rabbit-redis, control, lifecycle, aws]
    restart: unless-stopped
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    mem_limit: ${memoryMiB}m
`,
  ];
}

/** Creates tables, bucket and queues in LocalStack with the code that `npm start` uses. */
const provisionService = (models: readonly ComposedModel[]): string => `  provision-aws:
    image: modelyard/gateway:\${TAG:-local}
    build:
      context: .
      target: gateway
      args:
        NODE_IMAGE: \${NODE_IMAGE:-node:24-bookworm-slim}
    command: [provision.mjs, ${models.map(({ manifest }) => manifest.name).join(', ')}]
    profiles: [aws]
    environment: *aws
    depends_on:
      localstack: { condition: service_healthy }
    restart: on-failure
`;
