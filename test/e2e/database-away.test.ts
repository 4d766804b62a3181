import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '#core';
import { ENV } from '#platform/environment.ts';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';
import { findPostgres, type PostgresServer, startPostgres } from '#test/support/postgres-server.ts';

const binaries = await findPostgres('the stages of a service whose database is away');
/** More than the runs of a task that is given up. */
const RUNS = 5;
const RETRIED = /will be retried/;

describe.runIf(binaries)('a stage whose database is away for longer than its attempts', () => {
  let database: PostgresServer;
  let system: EmbeddedSystem;

  beforeAll(async () => {
    if (!binaries) return;
    database = await startPostgres(binaries);
    system = await EmbeddedSystem.start({ environment: { [ENV.servingDatabaseUrl]: database.url } });
  }, 60_000);
  afterAll(async () => {
    await system?.[Symbol.asyncDispose]();
    await database?.dispose();
  });

  async function call(path: string, init: RequestInit = {}) {
    const answer = await system.fetch(path, init);
    return { status: answer.status, body: (await answer.json()) as JsonObject & { readonly id: string } };
  }

  it('waits, and ends when the database is back', { timeout: 120_000 }, async () => {
    expect((await call('/models/model_a/deployments')).status).toBe(200);
    await database.stop();

    const headers = { 'Content-Type': 'application/json', Prefer: 'wait=0' };
    const asked = { method: 'POST', headers, body: '{"version": "1"}' };
    const { status, body: task } = await call('/models/model_a/deployments', asked);
    expect(status).toBe(202);
    const runs = () => system.events.filter(({ taskId, message }) => taskId === task.id && RETRIED.test(message));
    while (runs().length < RUNS) await sleep(100);
    await database.start();
    let ended = await call(`/tasks/${task.id}`);
    while (ended.body.ended_at === null) ended = await call(`/tasks/${task.id}`, { headers: { Prefer: 'wait=5' } });

    expect(ended.body).toMatchObject({ state: 'failed', error: { code: 'resource_not_found' } });
  });
});
