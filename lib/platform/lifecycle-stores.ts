import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Dialect } from 'kysely';
import { FileArtifactStore } from '#adapters/artifacts/file-artifact-store.ts';
import { type Migrations, openServiceDatabase, type ServiceDatabase } from '#adapters/sql/service-database.ts';
import { type ArtifactStore, type LifecycleService, ModelyardError } from '#core';
import { ENV, readOptional } from './environment.ts';
import type { LifecyclePlace } from './late-lifecycle.ts';
import { containerRunnerFrom } from './lifecycle-containers.ts';
import { artifactsFolder, bucketOf, DATABASE_URLS, databaseFile } from './lifecycle-databases.ts';
import { notifierFrom } from './notifier.ts';
import { outboundFrom } from './outbound.ts';
import type { LifecycleStores } from './platform.ts';

/** The stores of the services. */
export async function openLifecycleStores(
  environment: NodeJS.ProcessEnv,
  { folder, connection }: LifecyclePlace = {},
): Promise<LifecycleStores> {
  const opened = new Map<LifecycleService, Promise<ServiceDatabase<unknown>>>();
  const scratch = readOptional(environment, ENV.scratchFolder) ?? join(folder ?? tmpdir(), 'modelyard-scratch');
  const fileOf = (service: LifecycleService) => folder && databaseFile(folder, service);

  async function open(name: LifecycleService, migrations: Migrations): Promise<ServiceDatabase<unknown>> {
    const dialect = await dialectOf(readOptional(environment, DATABASE_URLS[name]) ?? fileOf(name), name);
    return openServiceDatabase({ dialect, migrations, name });
  }

  return {
    artifacts: await openArtifacts(readOptional(environment, ENV.artifacts) ?? (folder && artifactsFolder(folder)), {
      ...{ environment, scratch, connection },
    }),
    scratch,
    containers: await containerRunnerFrom(environment, connection),
    outbound: outboundFrom(environment),
    notifier: notifierFrom(environment),
    hasDatabase(service) {
      const file = fileOf(service);
      return readOptional(environment, DATABASE_URLS[service]) !== undefined || (!!file && existsSync(file));
    },
    async database<Tables>(service: LifecycleService, migrations: Migrations) {
      const database = opened.get(service) ?? open(service, migrations);
      opened.set(service, database);
      // The next call tries again.
      database.catch(() => opened.delete(service));
      return (await database) as unknown as ServiceDatabase<Tables>;
    },
    async close() {
      await Promise.allSettled([...opened.values()].map(async (database) => (await database).close()));
    },
  };
}

/** The dialect of an address: a URL of PostgreSQL, `dsql://` for Aurora DSQL, or the path of a SQLite file. */
async function dialectOf(address: string | undefined, service: LifecycleService): Promise<Dialect> {
  if (address === undefined) {
    throw new ModelyardError(
      'store_unavailable',
      `The service ${service} needs a database: set ${DATABASE_URLS[service]}.`,
    );
  }
  if (!/^[a-z]+:\/\//.test(address)) {
    const { sqliteServiceDialect } = await import('#adapters/sqlite/service-dialect.ts');
    return sqliteServiceDialect(address);
  }
  const { postgresDialect } = await import('#adapters/sql/postgres-dialect.ts');
  if (!address.startsWith('dsql://')) return postgresDialect({ url: address });
  const url = address.replace('dsql:', 'postgres:');
  const { hostname, username } = new URL(url);
  // Every other role has a schema of its own.
  const schema = username === 'admin' ? undefined : username;
  if (!hostname.endsWith('.on.aws')) return postgresDialect({ url, schema, isDsql: true });
  const { dsqlToken } = await import('#adapters/sql/dsql-token.ts');
  const password = dsqlToken(hostname, username);
  return postgresDialect({ url: `${url}?sslmode=verify-full`, schema, isDsql: true, password });
}

interface ArtifactPlace {
  readonly environment: NodeJS.ProcessEnv;
  readonly scratch: string;
  readonly connection: LifecyclePlace['connection'];
}

async function openArtifacts(
  address: string | undefined,
  { environment, scratch, connection = {} }: ArtifactPlace,
): Promise<ArtifactStore> {
  if (address === undefined) {
    throw new ModelyardError('store_unavailable', `The lifecycle needs a place for files: set ${ENV.artifacts}.`);
  }
  const place = bucketOf(address);
  if (place === undefined) return new FileArtifactStore(address);
  const { S3ArtifactStore } = await import('#adapters/artifacts/s3-artifact-store.ts');
  const endpoint = readOptional(environment, ENV.s3Endpoint);
  const cacheFolder = join(scratch, 'artifacts');
  return new S3ArtifactStore({
    ...{ ...place, cacheFolder, connection },
    ...(endpoint === undefined ? {} : { endpoint }),
  });
}
