import pg from 'pg';
import { afterAll, beforeAll } from 'vitest';
import { LIFECYCLE_SERVICES, type LifecycleService } from '#core';
import { DATABASE_URLS } from '#platform/lifecycle-databases.ts';
import { findDsqlProxy, startDsqlProxy } from '#test/support/dsql-proxy.ts';
import { findPostgres, type PostgresServer, startPostgres } from '#test/support/postgres-server.ts';
import { LEG_VARIABLE, LEGS } from './legs.ts';

/** Variables that name an empty database for each service. */
export type NewDatabases = () => Promise<Readonly<Record<string, string>>>;

/** Call at the top of a test file. The databases live as long as its tests. */
export function useDatabases(leg = LEGS.find((name) => name === process.env[LEG_VARIABLE])): NewDatabases {
  if (leg === undefined) return async () => ({});
  let server: PostgresServer | undefined;
  let proxy: Awaited<ReturnType<typeof startDsqlProxy>> | undefined;
  let made = 0;

  beforeAll(async () => {
    const binaries = await findPostgres('the lifecycle on PostgreSQL');
    if (!binaries) throw new Error('There is no PostgreSQL.');
    server = await startPostgres(binaries);
    if (leg === 'postgres') return;
    const python = await findDsqlProxy('the lifecycle on Aurora DSQL');
    if (python === undefined) throw new Error('There is no emulator.');
    await run(server.url, ['CREATE ROLE postgres SUPERUSER LOGIN']);
    proxy = await startDsqlProxy(python, Number(new URL(server.url).port));
  }, 60_000);
  afterAll(async () => {
    await proxy?.stop();
    await server?.dispose();
  });

  return async function newDatabases() {
    const { url } = server as PostgresServer;
    made += 1;
    const nameOf = (service: LifecycleService) => `${service}_${made}`;
    await run(
      url,
      LIFECYCLE_SERVICES.map((service) => `CREATE DATABASE ${nameOf(service)}`),
    );
    const base = proxy ? `dsql://admin@127.0.0.1:${proxy.port}/` : url.replace(/[^/]+$/, '');
    return urlsOf((service) => `${base}${nameOf(service)}`);
  };
}

/** The variables with the URL that each service has. */
export const urlsOf = (urlOf: (service: LifecycleService) => string): Readonly<Record<string, string>> =>
  Object.fromEntries(LIFECYCLE_SERVICES.map((service) => [DATABASE_URLS[service], urlOf(service)]));

/** Runs statements one after the other. */
export async function run(url: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
