import { createServer, type Server } from 'node:http';
import { json } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import type { AlertRule } from '#core';
import { alertsDatabase } from '#lifecycle/alerts/tables.ts';
import { listenOnFreePort } from '#test/support/listen.ts';
import { useLifecycle } from '../support.ts';
import { alertsOn } from './support.ts';

const HOUR_MS = 3600_000;

describe('alerts', () => {
  const lifecycles = useLifecycle();
  const servers: Server[] = [];

  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  it('reach a receiver that was down in the order in which they happened', async () => {
    const told: string[] = [];
    let isUp = false;
    const server = createServer(async (request, response) => {
      const body = (await json(request)) as { readonly type: string };
      if (isUp) told.push(body.type);
      response.writeHead(isUp ? 200 : 503, { Connection: 'close' }).end();
    });
    servers.push(server);
    const environment = { MODELYARD_OUTBOUND_HOSTS: '127.0.0.1' };
    const url = await listenOnFreePort(server);
    const { drifts, computes, pass } = await alertsOn(lifecycles, [{ kind: 'webhook', url }], { environment });

    await drifts(1);
    await pass(HOUR_MS, HOUR_MS / 8);
    isUp = true;
    await computes(2, []);
    await pass(3 * HOUR_MS, HOUR_MS / 8);

    expect(told).toEqual(['alert.firing', 'alert.resolved']);
  });

  it('reach a receiver although many reports to another one are due again', async () => {
    const told: string[] = [];
    const server = createServer(({ url }, response) => {
      if (url === '/up') told.push(url);
      response.writeHead(url === '/up' ? 200 : 503, { Connection: 'close' }).end();
    });
    servers.push(server);
    const environment = { MODELYARD_OUTBOUND_HOSTS: '127.0.0.1' };
    const url = await listenOnFreePort(server);
    const down = { kind: 'webhook', url: `${url}/down` } as const;
    const { clock, drifts, lifecycle, pass } = await alertsOn(lifecycles, [down], { environment });
    for (let at = 0; at < 25; at++) await drifts(1, `feature ${at}`);
    await pass(10_000);
    const { query } = await alertsDatabase(lifecycle);
    const channels = [{ ...down, url: `${url}/up` }];
    const rule = JSON.stringify({ name: 'drift', kind: 'drift', resolve_after: 1, repeat_seconds: 86_400, channels });
    await query.updateTable('rules').set({ rule }).execute();

    await clock.advance(HOUR_MS);
    await drifts(1, 'another');
    await pass(1000);

    expect(told).toEqual(['/up']);
  });

  it.each<Partial<AlertRule>>([
    { kind: 'missing' },
    { kind: 'drift', feature: 'income' },
    { kind: 'missing', model: 'another' },
  ])('end when their rule is about something else: %j', async (change) => {
    const { drifts, pass, rows, lifecycle } = await alertsOn(lifecycles, []);
    await drifts(1, 'age');
    const { query } = await alertsDatabase(lifecycle);
    const rule = JSON.stringify({ name: 'drift', resolve_after: 1, repeat_seconds: 86_400, channels: [], ...change });

    await query.updateTable('rules').set({ rule }).execute();
    await pass(60_000, 20_000);

    expect(await rows()).toEqual([['age', 'resolved']]);
  });
});
