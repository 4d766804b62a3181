import { once } from 'node:events';
import { LIFECYCLE_SERVICES } from '#core';
import { run } from '#test/lifecycle/databases.ts';
import { findDsqlProxy, startDsqlProxy } from '#test/support/dsql-proxy.ts';
import { findPostgres, startPostgres } from '#test/support/postgres-server.ts';

// Stands for the clusters of Aurora DSQL, which the emulator has without their SQL: a PostgreSQL on this machine behind a
// proxy that refuses what Aurora DSQL refuses. Prints the URL of each service's database, and ends with SIGTERM.
const SUITE = 'the lifecycle on AWS';
const stopped = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
const binaries = await findPostgres(SUITE);
const python = binaries && (await findDsqlProxy(SUITE));
if (!binaries || python === undefined) process.stdout.write('NONE\n');
else {
  const server = await startPostgres(binaries);
  const databases = LIFECYCLE_SERVICES.map((service) => `CREATE DATABASE ${service}`);
  await run(server.url, ['CREATE ROLE postgres SUPERUSER LOGIN', ...databases]);
  for (const service of LIFECYCLE_SERVICES) {
    await run(server.url.replace(/[^/]+$/, service), [`CREATE SCHEMA ${service}`]);
  }
  const proxy = await startDsqlProxy(python, Number(new URL(server.url).port));
  const urls = LIFECYCLE_SERVICES.map((service) => [service, `dsql://${service}@127.0.0.1:${proxy.port}/${service}`]);
  process.stdout.write(`DATABASES ${JSON.stringify(Object.fromEntries(urls))}\n`);
  await stopped;
  await proxy.stop();
  await server.dispose();
}
