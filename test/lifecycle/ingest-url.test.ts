import { readdir } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { type JsonObject, ModelyardError } from '#core';
import { manifest } from '#lifecycle/ingestion/manifest.ts';
import type { IngestionTables } from '#lifecycle/ingestion/tables.ts';
import { databaseOf, type Lifecycle } from '#lifecycle/lifecycle.ts';
import { listenOnFreePort } from '#test/support/listen.ts';
import { useLifecycle } from './support.ts';

const LISTED = { MODELYARD_OUTBOUND_HOSTS: '127.0.0.1' };
const CSV = 'id,power\n1,2.5\n2,3.5\n';

describe('ingestion by URL', () => {
  const lifecycles = useLifecycle();
  const servers: Server[] = [];

  async function start(listener: RequestListener): Promise<string> {
    const server = createServer(listener);
    servers.push(server);
    return listenOnFreePort(server);
  }

  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  async function withDataset(environment: NodeJS.ProcessEnv = LISTED): Promise<Lifecycle> {
    const lifecycle = await lifecycles.open(environment);
    const { query } = await databaseOf<IngestionTables>(lifecycle, manifest);
    const row = { name: 'meters', schema: null, max_bad: 0, last_version: 0, created_at: 0, created_by: 'someone' };
    await query.insertInto('datasets').values(row).execute();
    return lifecycle;
  }

  const ingest = (lifecycle: Lifecycle, url: string, format: string | null = null): Promise<JsonObject> => {
    const args = { dataset: 'meters', url, file: { name: 'meters.csv', format }, source: `url ${url}` };
    return lifecycles.run(lifecycle, 'ingestion', 'ingest', args);
  };

  it('makes a version of the file, also behind a redirect, by its Content-Type', async () => {
    const lifecycle = await withDataset();
    const url = await start(({ url: path }, response) => {
      if (path === '/old') response.writeHead(302, { location: '/meters' }).end();
      else response.writeHead(200, { 'content-type': 'text/csv; charset=utf-8' }).end(CSV);
    });

    const first = await ingest(lifecycle, `${url}/old`);
    const again = await ingest(lifecycle, `${url}/meters`);

    expect(first).toMatchObject({ is_new: true, version: { rows: 2, bad_rows: 0 } });
    expect(again).toMatchObject({ is_new: false, version: { version: 1 } });
    expect(await readdir(lifecycle.stores.scratch)).toEqual([]);
  });

  it.each<[string, RequestListener, Partial<ModelyardError>]>([
    ['is not there', (_, response) => response.writeHead(404).end(), { code: 'invalid_input', retryable: false }],
    ['is behind a failing server', (_, response) => response.writeHead(503).end(), { retryable: true }],
    [
      'is cut off',
      (_, response) => void response.writeHead(200, { 'content-length': '99' }).write(CSV, () => response.destroy()),
      { retryable: true },
    ],
    [
      'is behind a redirect to a private address',
      (_, response) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
      { code: 'invalid_input' },
    ],
    ['has no known format', (_, response) => response.writeHead(200).end(CSV), { code: 'invalid_input' }],
  ])('makes no version of a file that %s', async (_name, listener, error) => {
    const lifecycle = await withDataset();
    const url = await start(listener);

    const run = ingest(lifecycle, url);

    await expect(run).rejects.toMatchObject(error);
    await expect(run).rejects.toBeInstanceOf(ModelyardError);
    expect(await readdir(lifecycle.stores.scratch)).toEqual([]);
  });

  it('calls no private address that is not listed', async () => {
    const lifecycle = await withDataset({});
    const requests: unknown[] = [];
    const url = await start((request, response) => {
      requests.push(request.url);
      response.end(CSV);
    });

    await expect(ingest(lifecycle, url, 'csv')).rejects.toMatchObject({ code: 'invalid_input' });
    await expect(ingest(lifecycle, url.replace('http:', 'https:'), 'csv')).rejects.toMatchObject({
      code: 'invalid_input',
    });

    expect(requests).toEqual([]);
  });
});
