import { hasSidecar, type ModelManifest } from '#catalog/manifest.ts';
import type { ImageRecipe } from '../../lib/bundling/image-recipe.ts';

export interface ComposedModel {
  readonly manifest: Pick<ModelManifest, 'name' | 'memoryMiB' | 'localInstances' | 'container'>;
  readonly recipe: ImageRecipe;
}

const FROM = '  # models: written by `npm run compose:models` from their manifests\n';
const TO = '  # end of models\n';

/**
 * Replaces the model services in the text of `compose.yaml`. Throws when the two marker comments are missing or
 * repeated.
 */
export function withModels(compose: string, models: readonly ComposedModel[]): string {
  const [before, rest, ...more] = compose.split(FROM);
  const [old, after, ...others] = rest?.split(TO) ?? [];
  if (before === undefined || old === undefined || after === undefined || more.length + others.length > 0) {
    throw new Error('compose.yaml must contain each of the two marker comments of the model services once.');
  }
  const services = [
    provisionService(models),
    ...models.flatMap((model) => [rabbitRedisService(model), awsService(model), ...sidecarService(model)]),
  ];
  return `${before}${FROM}${services.join('\n')}${TO}${after}`;
}

/** Host names cannot contain underscores. */
const dashed = (name: string): string => name.replaceAll('_', '-');

const imageOf = (name: string): string => `modelyard/${dashed(name)}:\${TAG:-local}`;

const rabbitRedisService = (model: ComposedModel): string =>
  service(model, { suffix: '', profiles: 'rabbit-redis, control', environment: '*rabbit-redis', waitsFor: '*brokers' });

const awsService = (model: ComposedModel): string =>
  service(model, { suffix: '-aws', profiles: 'aws', environment: '*aws', waitsFor: '*provisioned' });

interface Flavour {
  readonly suffix: string;
  readonly profiles: string;
  readonly environment: string;
  readonly waitsFor: string;
}

function service({ manifest, recipe }: ComposedModel, flavour: Flavour): string {
  const { name, memoryMiB = 512, localInstances } = manifest;
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
${beside(manifest)}    labels:
      modelyard.project: \${COMPOSE_PROJECT_NAME:-modelyard}
      modelyard.model: ${name}
    depends_on: ${flavour.waitsFor}
    mem_limit: ${memoryMiB}m
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
${source}    profiles: [rabbit-redis, control, aws]
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
