import { readdirSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { LIFECYCLE_SERVICES, type LifecycleService } from '#core';
import { localAwsSettings } from '#local/provision.ts';
import { awsEnvironment, awsSettingsFrom } from '#platform/aws.ts';
import { ENV } from '#platform/environment.ts';
import { gatewaySettingsFrom } from '#platform/gateway-settings.ts';
import { DATABASE_URLS } from '#platform/lifecycle-databases.ts';
import { rabbitRedisSettingsFrom } from '#platform/rabbit-redis.ts';
import { imageRecipe } from '../../lib/bundling/image-recipe.ts';
import { withLifecycle } from '../../scripts/compose/lifecycle-services.ts';
import { withModels } from '../../scripts/compose/model-services.ts';
import { readLifecycle } from '../../scripts/compose/read-lifecycle.ts';
import { ROOT } from '../architecture/cruise.ts';
import { composeText, modelOf, type Service, services, underProfile, variablesOf } from './compose-file.ts';

const MODELS = `${ROOT}/model-containers/models`;
const folders = readdirSync(MODELS, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .toSorted();
const entries = Object.entries(services);
const OURS = entries.filter(([, { image }]) => image.startsWith('modelyard/'));
const LONG_RUNNING = entries.filter(([name]) => name !== 'provision-aws');

/** What stands for a variable, with the default that it has. */
const filledIn = (text: string): string => text.replace(/\$\{\w+:-([^}]*)\}/g, '$1');
const environmentOf = (name: string): Record<string, string> =>
  Object.fromEntries(Object.entries(services[name]?.environment ?? {}).map(([key, value]) => [key, filledIn(value)]));

describe('the models of compose.yaml', () => {
  it.each(['rabbit-redis', 'control', 'lifecycle', 'aws'])(
    'are exactly the folders, under the profile %s',
    (profile) => {
      const models = underProfile(profile).map(modelOf);

      expect(models.filter((model) => model !== undefined).toSorted()).toEqual(folders);
    },
  );

  it('are scaled by the names that people know', () => {
    expect(underProfile('rabbit-redis')).toEqual(expect.arrayContaining(['gdp-growth-rate', 'model-a', 'model-b']));
  });

  it('are what the generator writes', async () => {
    const models = await Promise.all(
      folders.map(async (name) => {
        const { manifest } = await import(`${MODELS}/${name}/manifest.ts`);
        return { manifest, recipe: imageRecipe(ROOT, name) };
      }),
    );

    expect(withModels(composeText, models)).toBe(composeText);
  });

  it('carry the labels by which they may be controlled', () => {
    for (const name of underProfile('control').filter(modelOf)) {
      expect(Object.keys(services[name]?.labels ?? {})).toEqual(['modelyard.project', 'modelyard.model']);
      expect(services[name]?.labels?.['modelyard.model']).toBe(modelOf(name));
    }
  });
});

describe('a new model', () => {
  const manifest = { name: 'my_model', memoryMiB: 2048, localInstances: 3 };

  it('gets a service under each platform, with its size and number', () => {
    const text = withModels(composeText, [{ manifest, recipe: imageRecipe(ROOT, 'my_model') }]);

    expect(text).toMatch(/^ {2}my-model:\n/m);
    expect(text).toMatch(/^ {2}my-model-aws:\n/m);
    expect(text).toContain('mem_limit: 2048m\n    scale: 3\n');
    expect(text).toContain('command: [provision.mjs, my_model]');
  });

  it('gets its container beside it, if it is one that already serves', () => {
    const container = { protocol: 'sagemaker', port: 8080 } as const;
    const recipe = imageRecipe(ROOT, 'my_model');

    const named = withModels(composeText, [
      { manifest: { ...manifest, container: { ...container, image: 'served:1' } }, recipe },
    ]);
    const built = withModels(composeText, [
      { manifest: { ...manifest, container: { ...container, build: 'server' } }, recipe },
    ]);
    const started = withModels(composeText, [
      { manifest: { ...manifest, container: { ...container, command: ['serve'] } }, recipe },
    ]);

    expect(named).toContain(
      '  my-model-container:\n    image: served:1\n    profiles: [rabbit-redis, control, lifecycle, aws]\n',
    );
    expect(named.match(/MODELYARD_CONTAINER_URL: http:\/\/my-model-container:8080\n/g)).toHaveLength(2);
    expect(built).toContain('    build: ./model-containers/models/my_model/server\n');
    expect(started).not.toContain('my-model-container');
  });

  it('is built by the common Dockerfile, or by its own when it has one', async () => {
    const root = await mkdtemp(join(tmpdir(), 'modelyard-compose-'));
    const common = withModels(composeText, [{ manifest, recipe: imageRecipe(root, 'my_model') }]);
    const own = 'model-containers/models/my_model/Dockerfile';
    await mkdir(join(root, dirname(own)), { recursive: true });
    await writeFile(join(root, own), 'FROM scratch\n');

    const text = withModels(composeText, [{ manifest, recipe: imageRecipe(root, 'my_model') }]);

    await rm(root, { recursive: true });
    expect(buildOf(common)).toMatchObject({ dockerfile: 'Dockerfile', target: 'model', args: { MODEL: 'my_model' } });
    expect(buildOf(text)).toMatchObject({ context: '.', dockerfile: own, args: { MODEL: 'my_model' } });
    expect(buildOf(text)).not.toHaveProperty('target');
  });

  it.each([
    ['model.py', 'model-python'],
    ['model.onnx', 'model-onnx'],
    ['model.ts', 'model'],
  ])('with %s is built by the stage %s', async (file, target) => {
    const root = await mkdtemp(join(tmpdir(), 'modelyard-compose-'));
    const folder = join(root, 'model-containers/models/my_model');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, file), '');

    const recipe = imageRecipe(root, 'my_model');

    await rm(root, { recursive: true });
    expect(recipe).toEqual({ dockerfile: 'Dockerfile', target, args: { MODEL: 'my_model' } });
  });

  const buildOf = (text: string): unknown => parse(text, { merge: true }).services['my-model'].build;
});

describe('the services of compose.yaml', () => {
  it('open their ports on this machine only, those of the API unless told otherwise', () => {
    const ports = entries.flatMap(([, service]) => service.ports ?? []);

    expect(new Set(ports.map((port) => filledIn(port).split(':').at(-1)))).toEqual(
      new Set(['8000', '8443', '15672', '6379', '5432', '9090', '3000']),
    );
    for (const port of ports) {
      const isOfApi = /:(8000|8443)$/.test(port);
      expect(port).toMatch(isOfApi ? /^\$\{BIND:-127\.0\.0\.1\}:/ : /^127\.0\.0\.1:/);
    }
  });

  it.each(LONG_RUNNING)('%s comes back when it breaks', (_, { restart }) => {
    expect(['unless-stopped', 'on-failure']).toContain(restart);
  });

  it.each(OURS.filter(([name]) => name !== 'provision-aws'))('%s has two minutes to finish', (_, service) => {
    expect(service.stop_grace_period).toBe('120s');
  });

  it.each(entries.filter(([, { image }]) => !image.startsWith('modelyard/')))(
    '%s is pinned and says whether it is well',
    (_, { image, healthcheck }) => {
      expect(image).toMatch(/:[\w.-]*\d/);
      expect(healthcheck?.test[0]).toMatch(/^CMD/);
    },
  );

  it.each(OURS)('%s waits until what it needs is well or done', (_, { depends_on: needs = {} }) => {
    const needed = Object.entries(needs);

    expect(needed.length).toBeGreaterThan(0);
    for (const [name, { condition }] of needed) {
      const isOnce = services[name]?.healthcheck === undefined;
      expect(condition).toBe(isOnce ? 'service_completed_successfully' : 'service_healthy');
    }
  });

  it.each(OURS)('%s depends on nothing outside its profiles', (_, { profiles = [], depends_on: needs = {} }) => {
    for (const profile of profiles) expect(underProfile(profile)).toEqual(expect.arrayContaining(Object.keys(needs)));
  });

  it('call PostgreSQL well when it is done with its initialization, whose server listens at a socket only', () => {
    const databases = entries.filter(([, { image }]) => image.startsWith('postgres:'));

    expect(databases.length).toBeGreaterThan(1);
    for (const [, { healthcheck }] of databases) expect(healthcheck?.test.join(' ')).toContain('--host 127.0.0.1');
  });

  it('keep what Redis knows on a volume, write by write', () => {
    const { command, volumes } = services.redis as Service;

    expect(command?.join(' ')).toContain('--dir /data --appendonly yes');
    expect(volumes).toEqual(['redis-data:/data']);
  });

  it('run LocalStack in the last release that wants no token', () => {
    expect(services.localstack?.image).toMatch(/^localstack\/localstack:4\.14\.0(@|$)/);
  });

  it('give the Docker socket to one of them, in a profile of its own', () => {
    const holders = entries.filter(([, { volumes = [] }]) => volumes.some((volume) => volume.includes('docker.sock')));

    expect(holders.map(([name, { profiles }]) => ({ name, profiles }))).toEqual([
      { name: 'gateway-control', profiles: ['control'] },
    ]);
  });
});

describe('the profile tls of compose.yaml', () => {
  const gateway = 'gateway-tls';

  it('publishes TLS only, where the other ports are', () => {
    expect(services[gateway]?.ports).toEqual([]);
    expect(services.tls?.ports?.map(filledIn)).toEqual(['127.0.0.1:8443:8443']);
  });

  it('tells its gateway to believe the proxy, and no address that others could have', () => {
    const settings = gatewaySettingsFrom({ ...environmentOf(gateway), AUTH: 'jwt' });
    const believes = (address: string) => settings.trustedProxies?.check(address);

    expect(['172.18.0.5', '10.1.2.3', '192.168.16.2'].map(believes)).toEqual([true, true, true]);
    expect(['8.8.8.8', '172.32.0.1', '127.0.0.1'].map(believes)).toEqual([false, false, false]);
    expect(environmentOf(gateway).MODELYARD_HOSTS?.split(' ')).toEqual(['gateway', gateway, 'localhost']);
    for (const other of ['gateway', 'gateway-control', 'gateway-aws'])
      expect(environmentOf(other).MODELYARD_TRUSTED_PROXIES).toBeUndefined();
  });

  it('keeps the authority of its certificates on a volume, because its root is read-only', () => {
    expect(services.tls?.volumes).toContain('tls-data:/data');
    expect(environmentOf('tls')).toMatchObject({ XDG_DATA_HOME: '/data', XDG_CONFIG_HOME: '/config' });
  });

  it('shares users and signing keys with the gateway beside it', () => {
    const { MODELYARD_HOSTS: _, MODELYARD_TRUSTED_PROXIES: __, ...others } = environmentOf(gateway);
    const { MODELYARD_HOSTS: ___, ...beside } = environmentOf('gateway');

    expect(others).toEqual(beside);
    expect(services[gateway]?.volumes).toEqual(services.gateway?.volumes);
  });
});

describe('the lifecycle of compose.yaml', () => {
  const databases = LIFECYCLE_SERVICES.map((name) => `postgres-${name}`);
  const processes = ['lifecycle', 'gateway-lifecycle', 'fertility'];

  it('is what the generator writes', async () => {
    expect(withLifecycle(composeText, await readLifecycle(ROOT))).toBe(composeText);
  });

  it('runs under its profile alone', () => {
    expect(underProfile('lifecycle')).toEqual(
      expect.arrayContaining([...databases, ...processes, 'rabbitmq', 'redis']),
    );
    for (const profile of ['rabbit-redis', 'control', 'aws']) {
      expect(underProfile(profile).filter((name) => [...databases, ...processes].includes(name))).toEqual([]);
    }
  });

  it('has a PostgreSQL for each service at the port of its manifest, which knows the role of this service only', async () => {
    const { services: manifests } = await readLifecycle(ROOT);
    const ports = {
      ingestion: 5433,
      preprocessing: 5434,
      features: 5435,
      training: 5436,
      serving: 5437,
      monitoring: 5438,
      alerts: 5439,
      pipelines: 5440,
    };

    expect(Object.fromEntries(manifests.map(({ name, databasePort }) => [name, databasePort]))).toMatchObject(ports);
    expect(new Set(manifests.map(({ databasePort }) => databasePort)).size).toBe(manifests.length);
    for (const { name, databasePort } of manifests) {
      const { ports: published, environment, volumes } = services[`postgres-${name}`] as Service;
      expect(published).toEqual([`127.0.0.1:${databasePort}:5432`]);
      expect(environment).toMatchObject({ POSTGRES_USER: name, POSTGRES_DB: name });
      expect(volumes).toEqual([`postgres-${name}-data:/var/lib/postgresql`]);
    }
  });

  it.each(processes)('%s waits for every database and is told where it is', (name) => {
    const environment = environmentOf(name);

    expect(Object.keys(services[name]?.depends_on ?? {})).toEqual(expect.arrayContaining(databases));
    for (const service of LIFECYCLE_SERVICES) {
      const url = new URL(environment[DATABASE_URLS[service]] ?? '');
      expect([url.username, url.hostname, url.pathname]).toEqual([service, `postgres-${service}`, `/${service}`]);
    }
    expect(environment.MODELYARD_ARTIFACTS).toBe('/artifacts');
    expect(services[name]?.volumes).toContain('lifecycle-artifacts:/artifacts');
  });

  it('takes a service that joins, with its database and its volume', async () => {
    const known = await readLifecycle(ROOT);
    const joining = { name: 'joining' as LifecycleService, databasePort: 5999 };

    const text = withLifecycle(composeText, { ...known, services: [...known.services, joining] });

    const composed = parse(text, { merge: true });
    expect(composed.services['postgres-joining'].ports).toEqual([expect.stringMatching(/:5999:5432$/)]);
    expect(composed.services.lifecycle.depends_on).toHaveProperty('postgres-joining');
    expect(composed.volumes).toHaveProperty('postgres-joining-data');
  });
});

const ACCESS = {
  ...{ AUTH: '', BIND: '127.0.0.1', MODELYARD_HOSTS: 'gateway', REGISTRATION: 'open' },
  ...{ MODELYARD_KEYS_FILE: '/data/signing-keys.json', OIDC_ISSUER: '', OIDC_AUDIENCE: '', OIDC_ROLE_CLAIM: 'roles' },
  MODELYARD_OUTBOUND_HOSTS: '',
};

describe('the environment in compose.yaml', () => {
  it.each(['gateway', 'gateway-control', 'gateway-lifecycle', 'gateway-aws'])(
    'tells %s at which address it is published',
    (name) => {
      const listening = { MODELYARD_HOST: '0.0.0.0' };

      expect(environmentOf(name)).toMatchObject(ACCESS);
      expect(gatewaySettingsFrom({ ...environmentOf(name), ...listening })).toMatchObject({ auth: 'none' });
      expect(() =>
        gatewaySettingsFrom({ ...environmentOf(name), ...listening, AUTH: 'none', BIND: '0.0.0.0' }),
      ).toThrow();
    },
  );

  it('is one that our processes know', () => {
    // The SDK of OpenTelemetry reads these itself.
    const ofSdk = [
      'OTEL_EXPORTER_OTLP_HEADERS',
      'OTEL_RESOURCE_ATTRIBUTES',
      'OTEL_TRACES_SAMPLER',
      'OTEL_TRACES_SAMPLER_ARG',
    ];
    const known = new Set<string>([...Object.values(ENV), ...ofSdk]);
    const unknown = OURS.flatMap(([, { environment = {} }]) => Object.keys(environment)).filter((n) => !known.has(n));

    expect(OURS.length).toBeGreaterThan(5);
    expect(unknown).toEqual([]);
  });

  it('names on LocalStack what the provisioning of the embedded platform creates', () => {
    const at = 'http://localstack:4566';
    const settings = localAwsSettings({ endpoints: { sqs: at, s3: at, dynamodb: at } });

    const { [ENV.pollSeconds]: _, ...expected } = awsEnvironment(settings);

    expect(environmentOf('gateway-aws')).toEqual({ PLATFORM: 'aws', ...ACCESS, ...expected });
    expect(environmentOf('provision-aws')).toEqual(environmentOf('gateway-aws'));
    expect(() => awsSettingsFrom(environmentOf('model-a-aws'))).not.toThrow();
  });

  it('leads to the RabbitMQ, the Redis and the PostgreSQL beside it', () => {
    const { amqpUrl, redisUrl, databaseUrl = '' } = rabbitRedisSettingsFrom(environmentOf('gateway'));
    const { DATABASE_URL: _, ...shared } = environmentOf('gateway');

    expect([amqpUrl, redisUrl, databaseUrl].map((url) => new URL(url).hostname)).toEqual([
      'rabbitmq',
      'redis',
      'postgres',
    ]);
    expect(environmentOf('model-a')).toMatchObject(shared);
  });

  it('holds no secret: passwords come from outside', () => {
    const secrets = [...composeText.matchAll(/^(?! *#).*(?:PASS|TOKEN|SECRET|KEY).*$/gim)].map(([line]) => line);

    expect(secrets.length).toBeGreaterThan(0);
    expect(secrets.filter((line) => !/\$\{\w+:-(?:guest|modelyard)?\}|requirepass|KEYS?_FILE/.test(line))).toEqual([]);
  });

  it('can be changed by variables that .env.example has with their defaults', () => {
    const used = [...composeText.matchAll(/\$\{(\w+):-([^}]*)\}/g)].map(([, name = '', value = '']) => [name, value]);
    const { COMPOSE_PROFILES: profile, ...documented } = variablesOf('.env.example');

    expect(documented).toEqual(Object.fromEntries(used));
    expect(underProfile(String(profile))).toContain('gateway');
  });

  it('is by default what .env chooses, which holds nothing else', () => {
    expect(variablesOf('.env')).toEqual({ COMPOSE_PROJECT_NAME: 'modelyard', COMPOSE_PROFILES: 'rabbit-redis' });
  });
});
