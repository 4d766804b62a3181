import type { ModelManifest } from '#catalog/manifest.ts';
import type { ServiceManifest } from '#lifecycle/service.ts';
import { DATABASE_URLS } from '#platform/lifecycle-databases.ts';
import { between } from './markers.ts';

/** What compose runs of the lifecycle. */
export interface ComposedLifecycle {
  readonly services: readonly Pick<ServiceManifest, 'name' | 'databasePort'>[];
  /** The worker of the services. */
  readonly worker: WorkerManifest;
  /** Models of `lifecycle/models`, which run in the image of the worker. */
  readonly models: readonly WorkerManifest[];
}

type WorkerManifest = Pick<ModelManifest, 'name' | 'memoryMiB'>;

const MARKERS = {
  what: 'the lifecycle',
  from: '  # lifecycle: written by `npm run compose:models` from the manifests of its services\n',
  to: '  # end of lifecycle\n',
} as const;
const VOLUMES = {
  what: 'the volumes of the lifecycle',
  from: '  # volumes of the lifecycle: written by `npm run compose:models`\n',
  to: '  # end of volumes of the lifecycle\n',
} as const;

/** Replaces the lifecycle in the text of `compose.yaml`. Throws when a marker comment is missing or repeated. */
export function withLifecycle(compose: string, lifecycle: ComposedLifecycle): string {
  const { services, models } = lifecycle;
  const written = [
    workerService(lifecycle),
    gatewayService(),
    ...models.map(modelService),
    ...services.map(databaseService),
  ];
  const volumes = ['lifecycle-artifacts', ...services.map(({ name }) => `${databaseOf(name)}-data`)];
  const text = between(compose, MARKERS, written.join('\n'));
  return between(text, VOLUMES, volumes.map((name) => `  ${name}:\n`).join(''));
}

const databaseOf = (service: string): string => `postgres-${service}`;

/** The role and the database of a service have its name, so the role of one is unknown to the database of another. */
const urlOf = (service: string): string =>
  `postgres://${service}:\${LIFECYCLE_PASSWORD:-modelyard}@${databaseOf(service)}:5432/${service}`;

/** The first one holds what the others repeat. */
const workerService = ({ worker, services }: ComposedLifecycle): string => `  ${worker.name}:
    <<: &lifecycle
      image: modelyard/lifecycle:\${TAG:-local}
      build:
        context: .
        target: \${LIFECYCLE_TARGET:-lifecycle}
        args:
          NODE_IMAGE: \${NODE_IMAGE:-node:24-bookworm-slim}
      profiles: [lifecycle]
      restart: unless-stopped
      stop_grace_period: 120s
      read_only: true
      volumes: [lifecycle-artifacts:/artifacts]
      cap_drop: [ALL]
      security_opt: ["no-new-privileges:true"]
      networks: { default: { aliases: [models] } }
      depends_on: &lifecycle-servers
        <<: *brokers
${services.map(({ name }) => `        ${databaseOf(name)}: { condition: service_healthy }\n`).join('')}    environment: &lifecycle-environment
      <<: *rabbit-redis
      # Nothing here would start it again.
      MODELYARD_WHEN_IDLE: stay
      MODELYARD_IMAGE: modelyard/lifecycle:\${TAG:-local}
      MODELYARD_ARTIFACTS: /artifacts
${services.map(({ name }) => `      ${DATABASE_URLS[name]}: ${urlOf(name)}\n`).join('')}    mem_limit: ${worker.memoryMiB ?? 512}m
`;

const gatewayService = (): string => `  gateway-lifecycle:
    <<: *gateway
    profiles: [lifecycle]
    environment:
      <<: *lifecycle-environment
      DATABASE_URL: postgres://\${POSTGRES_USER:-modelyard}:\${POSTGRES_PASSWORD:-modelyard}@postgres:5432/modelyard
    depends_on:
      <<: *lifecycle-servers
      postgres: { condition: service_healthy }
    networks: { default: { aliases: [gateway] } }
    volumes:
      - gateway-data:/data
      - lifecycle-artifacts:/artifacts
`;

const modelService = ({ name, memoryMiB = 512 }: WorkerManifest): string => `  ${name.replaceAll('_', '-')}:
    <<: *lifecycle
    environment:
      <<: *lifecycle-environment
      MODELYARD_MODEL: /app/lifecycle/models/${name}
    mem_limit: ${memoryMiB}m
`;

const databaseService = ({ name, databasePort }: ComposedLifecycle['services'][number]): string =>
  `  ${databaseOf(name)}:
    image: postgres:18
    profiles: [lifecycle]
    environment:
      POSTGRES_USER: ${name}
      POSTGRES_PASSWORD: \${LIFECYCLE_PASSWORD:-modelyard}
      POSTGRES_DB: ${name}
    ports:
      - 127.0.0.1:${databasePort}:5432
    volumes:
      - ${databaseOf(name)}-data:/var/lib/postgresql
    restart: unless-stopped
    stop_grace_period: 60s
    healthcheck:
      test: [CMD-SHELL, 'pg_isready --host 127.0.0.1 --username "$$POSTGRES_USER" --dbname "$$POSTGRES_DB"']
      interval: 5s
      timeout: 5s
      retries: 3
      start_period: 60s
`;
