import { createServer, type Server } from 'node:http';
import { startFauxqs } from 'fauxqs';
import { Webhook } from 'standardwebhooks';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { AlertChannel, JsonObject } from '#core';
import { webhookSecrets } from '#core/webhooks';
import { alerts } from '#lifecycle/alerts/service.ts';
import { alertsDatabase } from '#lifecycle/alerts/tables.ts';
import { listenOnFreePort } from '#test/support/listen.ts';
import { aModel } from '#test/support/registry.ts';
import { useLifecycle } from '../support.ts';
import { alertsOn, FEATURES } from './support.ts';

const HOUR_MS = 3600_000;
const LISTED = { MODELYARD_OUTBOUND_HOSTS: '127.0.0.1' };

describe('alerts', () => {
  const lifecycles = useLifecycle();
  const servers: Server[] = [];

  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  /** A real receiver, which is down until `up`. */
  async function receiver({ isUp = true } = {}) {
    const received: { headers: Record<string, string>; body: string }[] = [];
    const state = { isUp, received, url: '' };
    const server = createServer((request, response) => {
      if (!state.isUp) return void request.socket.destroy();
      const chunks: Buffer[] = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => {
        received.push({ headers: request.headers as Record<string, string>, body: Buffer.concat(chunks).toString() });
        response.end();
      });
    });
    servers.push(server);
    state.url = await listenOnFreePort(server);
    return state;
  }

  const bodies = ({ received }: { received: { body: string }[] }) => received.map(({ body }) => JSON.parse(body));

  const setUp = (channels: (AlertChannel | undefined)[], rule: JsonObject = {}) =>
    alertsOn(lifecycles, channels, { rule, environment: LISTED });

  it('reports what fires already to the first channel of its rule, and no end to a channel that knew of no start', async () => {
    const hook = await receiver();
    const { drifts, computes, pass, rows, lifecycle } = await setUp([]);
    const { query } = await alertsDatabase(lifecycle);
    const addChannel = async () => {
      const { rule } = await query.selectFrom('rules').select('rule').executeTakeFirstOrThrow();
      const channels = [{ kind: 'webhook', url: hook.url }];
      await query
        .updateTable('rules')
        .set({ rule: JSON.stringify({ ...JSON.parse(rule), channels }) })
        .execute();
    };
    await drifts(1, 'age');
    await drifts(1, 'income');
    await pass(60_000, 20_000);
    await computes(2, ['age']);

    await addChannel();
    await pass(60_000, 20_000);
    await computes(3, []);
    await pass(60_000, 20_000);

    expect((await rows()).toSorted()).toEqual([
      ['age', 'resolved'],
      ['income', 'resolved'],
    ]);
    expect(bodies(hook)).toMatchObject([
      { type: 'alert.firing', feature: 'age' },
      { type: 'alert.resolved', feature: 'age' },
    ]);
  });

  it('raises one alert of one drifted window, repeats none, and resolves it by a good one', async () => {
    const hook = await receiver();
    const { drifts, computes, pass, rows, lifecycle } = await setUp([{ kind: 'webhook', url: hook.url }]);

    await drifts(1);
    await drifts(1);
    await computes(1, ['age']);
    await drifts(2);
    await pass(60_000, 20_000);
    expect(await rows()).toEqual([['age', 'firing']]);
    expect(bodies(hook)).toMatchObject([
      { type: 'alert.firing', rule: 'drift', model: 'm', version: '1', feature: 'age' },
    ]);
    await computes(3, []);
    await computes(3, []);
    await pass(60_000, 20_000);

    expect(await rows()).toEqual([['age', 'resolved']]);
    expect(bodies(hook).map(({ type }) => type)).toEqual(['alert.firing', 'alert.resolved']);
    const { secret } = await webhookSecrets(lifecycle.platform, 'ann');
    const [{ headers, body }] = hook.received as [{ headers: Record<string, string>; body: string }];
    const at = new Date(Number(headers['webhook-timestamp']) * 1000);
    expect(new Webhook(secret).sign(String(headers['webhook-id']), at, body)).toBe(headers['webhook-signature']);
  });

  it('reports an alert that goes on again after the repeat interval', async () => {
    const hook = await receiver();
    const { drifts, pass } = await setUp([{ kind: 'webhook', url: hook.url }], { repeat_seconds: 7200 });

    for (const hour of [1, 2, 3, 4, 5]) {
      await drifts(hour);
      await pass(HOUR_MS, HOUR_MS / 2);
    }

    expect(bodies(hook).map(({ type }) => type)).toEqual(['alert.firing', 'alert.firing', 'alert.firing']);
    expect(new Set(hook.received.map(({ headers }) => headers['webhook-id'])).size).toBe(3);
  });

  it('keeps a silenced alert back until the silence ends', async () => {
    const hook = await receiver();
    const { drifts, pass, clock, lifecycle } = await setUp([{ kind: 'webhook', url: hook.url }]);
    const { query } = await alertsDatabase(lifecycle);
    const silence = { id: 's', rule: null, model: 'm', feature: null, comment: '', created_by: 'ann' };
    await query
      .insertInto('silences')
      .values({ ...silence, starts_at: clock.now(), ends_at: clock.now() + HOUR_MS })
      .execute();

    await drifts(1);
    await pass(HOUR_MS - 1000, HOUR_MS / 4);
    expect(hook.received).toEqual([]);
    await pass(HOUR_MS / 2, HOUR_MS / 4);

    expect(bodies(hook)).toMatchObject([{ type: 'alert.firing' }]);
  });

  it('gives an endpoint that was down for an hour everything, once', async () => {
    const hook = await receiver({ isUp: false });
    const { drifts, computes, pass } = await setUp([{ kind: 'webhook', url: hook.url }]);

    for (const feature of FEATURES) await drifts(1, feature);
    await pass(HOUR_MS / 2, HOUR_MS / 8);
    await computes(2, ['age']);
    await pass(HOUR_MS / 2, HOUR_MS / 8);
    expect(hook.received).toEqual([]);
    hook.isUp = true;
    for (let hour = 3; hour < 24; hour++) {
      await drifts(hour, 'age');
      await pass(HOUR_MS, HOUR_MS);
    }

    const told = bodies(hook).map(({ type, feature }) => `${type} ${feature}`);
    expect(told.toSorted()).toEqual([
      ...['alert.firing age', 'alert.firing height', 'alert.firing income'],
      ...['alert.resolved height', 'alert.resolved income'],
    ]);
    expect(new Set(hook.received.map(({ headers }) => headers['webhook-id'])).size).toBe(5);
  });

  it('sends a report with the same id when a process dies in the middle, and once when two send', async () => {
    const hook = await receiver();
    const { drifts, pass, lifecycle } = await setUp([{ kind: 'webhook', url: hook.url }]);
    await drifts(1);
    const { notifier } = lifecycle.stores;
    const dying = { ...notifier, signatures: () => Promise.reject(new Error('killed')) };
    const until = lifecycle.platform.clock.now();

    await expect(
      alerts.tick?.({ ...lifecycle, stores: { ...lifecycle.stores, notifier: dying } }, { since: 0, until }),
    ).rejects.toThrow('killed');
    await Promise.all([1, 2, 3].map(() => alerts.tick?.(lifecycle, { since: 0, until })));
    expect(hook.received).toEqual([]);
    await pass(60_000, 60_000);
    await Promise.all([1, 2, 3].map(() => alerts.tick?.(lifecycle, { since: 0, until })));

    expect(bodies(hook)).toMatchObject([{ type: 'alert.firing' }]);
  });

  it('is not resolved by a window with too few predictions to be tested', async () => {
    const { drifts, computes, rows } = await setUp([]);

    await drifts(1);
    await computes(2, [], { tested: [] });
    expect(await rows()).toEqual([['age', 'firing']]);
    await computes(3, [], { tested: ['age'] });

    expect(await rows()).toEqual([['age', 'resolved']]);
  });

  it('resolves an alert whose version gets no windows any more', async () => {
    const hook = await receiver();
    const { drifts, pass, rows } = await setUp([{ kind: 'webhook', url: hook.url }], { resolve_after: 2 });

    await drifts(1);
    await pass(4 * HOUR_MS - 1000, HOUR_MS);
    expect(await rows()).toEqual([['age', 'firing']]);
    await pass(60_000, 20_000);
    await pass(60_000, 20_000);

    expect(await rows()).toEqual([['age', 'resolved']]);
    const [, last] = bodies(hook);
    expect(bodies(hook)).toHaveLength(2);
    expect(last).toMatchObject({ type: 'alert.resolved', reason: expect.stringContaining('no more windows') });
  });

  it('resolves the alerts of a rule that is deleted, and tells nobody', async () => {
    const hook = await receiver();
    const { computes, pass, rows, lifecycle } = await setUp([{ kind: 'webhook', url: hook.url }], {
      ...{ name: 'errors', kind: 'error', metric: 'mae', threshold: 1 },
    });
    const { query } = await alertsDatabase(lifecycle);

    await computes(1, [], { performance: { outcomes: 9, mae: 2 } });
    await query.deleteFrom('rules').execute();
    await pass(5000);

    expect(await rows()).toEqual([['', 'resolved']]);
    expect(bodies(hook).map(({ type }) => type)).toEqual(['alert.firing']);
  });

  it('raises an alert of a model that gets no windows any more, and resolves it by the next one', async () => {
    const hook = await receiver();
    const rule = { name: 'quiet', kind: 'missing', threshold: 2 };
    const { computes, pass, clock, rows } = await setUp([{ kind: 'webhook', url: hook.url }], rule);
    const hourNow = () => Math.floor((clock.now() - Date.UTC(2026, 0, 1)) / HOUR_MS);
    const first = hourNow();

    await computes(first, []);
    await pass(3 * HOUR_MS, HOUR_MS / 2);
    expect(await rows()).toEqual([]);
    await pass(HOUR_MS, HOUR_MS / 4);
    await pass(HOUR_MS, HOUR_MS / 4);
    expect(await rows()).toEqual([['', 'firing']]);
    await computes(hourNow(), []);
    await computes(first + 1, []);
    await pass(5000);

    expect(await rows()).toEqual([['', 'resolved']]);
    expect(bodies(hook).map(({ type, version }) => [type, version])).toEqual([
      ['alert.firing', null],
      ['alert.resolved', null],
    ]);
  });

  it.each([
    ['failures', { threshold: 0.2 }, { succeeded: 70, failed: 30 }, { succeeded: 99, failed: 1 }],
    ['latency', { metric: 'run_p90', threshold: 500 }, { succeeded: 50, r90: 50 }, { succeeded: 50, r10: 50 }],
  ])('raises and resolves alerts of %s by how tasks end', async (kind, rule, bad, good) => {
    const { lifecycle, clock, pass, rows } = await setUp([], { kind, window_seconds: 60, ...rule });
    const { registry, stats } = lifecycle.platform;
    await registry.writeModel(aModel({ name: 'm' }));
    const count = (counts: Record<string, number>) => stats.add('m', Math.floor(clock.now() / 60_000), counts);

    await pass(60_000, 60_000);
    await count({ succeeded: 3, failed: 3, r90: 3 });
    await pass(120_000, 30_000);
    expect(await rows()).toEqual([]);
    await count(bad as Record<string, number>);
    await pass(120_000, 30_000);
    expect(await rows()).toEqual([['', 'firing']]);
    await count(good as Record<string, number>);
    await pass(120_000, 30_000);

    expect(await rows()).toEqual([['', 'resolved']]);
  });

  it('changes an alert once when many processes change it at the same time', async () => {
    const hook = await receiver();
    const { drifts, computes, pass, rows } = await setUp([{ kind: 'webhook', url: hook.url }]);

    await Promise.all(Array.from({ length: 8 }, () => drifts(1)));
    await Promise.all([computes(2, []), ...Array.from({ length: 7 }, () => drifts(1)), computes(2, [])]);
    await pass(30_000);

    expect(await rows()).toEqual([['age', 'resolved']]);
    expect(
      bodies(hook)
        .map(({ type }) => type)
        .toSorted(),
    ).toEqual(['alert.firing', 'alert.resolved']);
  });

  it('publishes to a topic of SNS', async () => {
    const emulator = await startFauxqs({ port: 0, logger: false });
    vi.stubEnv('AWS_ENDPOINT_URL_SNS', emulator.address);
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
    emulator.createTopic('alerts');
    emulator.createQueue('inbox');
    emulator.subscribe({ topic: 'alerts', queue: 'inbox' });
    const topic = 'arn:aws:sns:us-east-1:000000000000:alerts';
    const { drifts, pass, lifecycle } = await setUp([{ kind: 'sns', topic }]);

    await drifts(1);
    await pass(10_000);

    const { query } = await alertsDatabase(lifecycle);
    expect(await query.selectFrom('deliveries').select(['state', 'attempts']).execute()).toMatchObject([
      { state: 'delivered' },
    ]);
    const { messages } = emulator.inspectQueue('inbox') as never as { messages: { ready: { body: string }[] } };
    expect(messages.ready).toHaveLength(1);
    const { Subject, Message } = JSON.parse(messages.ready[0]?.body ?? '{}');
    expect(Subject).toMatch(/^Alert: age of m has drifted/);
    expect(JSON.parse(Message)).toMatchObject({ type: 'alert.firing', feature: 'age' });
    vi.unstubAllEnvs();
    await emulator.stop();
  });

  it('raises and resolves alerts of errors', async () => {
    const { computes, rows } = await setUp([], { kind: 'error', metric: 'rmse', threshold: 2, resolve_after: 2 });

    await computes(1, [], { performance: { outcomes: 9, rmse: 2.5 } });
    expect(await rows()).toEqual([['', 'firing']]);
    await computes(2, [], { performance: { outcomes: 9, rmse: 1 } });
    expect(await rows()).toEqual([['', 'firing']]);
    await computes(3, [], { performance: { outcomes: 9, rmse: 1 } });
    expect(await rows()).toEqual([['', 'resolved']]);
  });
});
