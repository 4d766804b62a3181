import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHandlerDeps, LIFECYCLE_ROUTES, type ProxyHandler } from '#api';
import { createHandler } from '#lifecycle/handler.ts';
import { useDataFolders } from '#test/support/data-folder.ts';
import { findPostgres, type PostgresServer, startPostgres } from '#test/support/postgres-server.ts';
import { silentLogger } from '#test/support/silent-logger.ts';
import { run, urlsOf } from './databases.ts';

const folders = useDataFolders();
const binaries = await findPostgres('the lifecycle with one database down');

describe.runIf(binaries)('while the database of one service is down', () => {
  let recipes: PostgresServer;
  let others: PostgresServer;
  let handler: ProxyHandler;

  beforeAll(async () => {
    if (!binaries) return;
    [recipes, others] = await Promise.all([startPostgres(binaries), startPostgres(binaries)]);
    const environment = urlsOf((service) =>
      service === 'preprocessing' ? recipes.url : others.url.replace(/[^/]+$/, service),
    );
    const names = LIFECYCLE_ROUTES.map(({ service }) => service).filter((service) => service !== 'preprocessing');
    await run(
      others.url,
      [...new Set(names)].map((name) => `CREATE DATABASE ${name}`),
    );
    const platform = await folders.open({ environment });
    handler = createHandler(createHandlerDeps({ platform, logger: silentLogger, auth: 'none' }));
  }, 60_000);
  afterAll(() => Promise.all([recipes?.dispose(), others?.dispose()]));

  async function get(resource: string, pathParameters: Record<string, string> | null = null) {
    const event = { httpMethod: 'GET', resource, path: resource, pathParameters, headers: {}, body: null };
    const { statusCode, body } = (await handler(event as never, {} as never)) as { statusCode: number; body: string };
    return { statusCode, problem: statusCode < 400 ? undefined : JSON.parse(body).detail };
  }

  const getRecipe = () => get('/recipes/{recipe}', { recipe: 'clean' });
  const WORKING = ['/datasets', '/feature-views', '/pipelines'];

  it('answers 503 for this service and works for all others, and recovers with the database', async () => {
    expect(await getRecipe()).toMatchObject({ statusCode: 404 });

    await recipes.stop();

    expect(await getRecipe()).toEqual({ statusCode: 503, problem: 'The database of preprocessing cannot be reached.' });
    for (const route of WORKING) expect(await get(route)).toMatchObject({ statusCode: 200 });

    await recipes.start();

    expect(await getRecipe()).toMatchObject({ statusCode: 404 });
  });
});
