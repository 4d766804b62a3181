import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { afterEach, describe, expect, it } from 'vitest';
import type { AlertChannel, JsonObject } from '#core';
import { webhookSecrets } from '#core/webhooks';
import { alerts } from '#lifecycle/alerts/service.ts';
import { alertsDatabase } from '#lifecycle/alerts/tables.ts';
import type { Lifecycle } from '#lifecycle/lifecycle.ts';
import { listenOnFreePort } from '#test/support/listen.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { useLifecycle } from '../support.ts';

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

  async function setUp(
    channels: (AlertChannel | undefined)[],
    rule: JsonObject = {},
    environment: NodeJS.ProcessEnv = {},
  ) {
    const clock = new ManualClock();
    const opened = await lifecycles.open({ ...LISTED, ...environment });
    const lifecycle: Lifecycle = { ...opened, platform: { ...opened.platform, clock } };
    const { query } = await alertsDatabase(lifecycle);
    const defaults = { name: 'drift', kind: 'drift', resolve_after: 1, repeat_seconds: 86_400 };
    const row = { rule: JSON.stringify({ ...defaults, channels, ...rule }), updated_at: 0, updated_by: 'ann' };
    await query
      .insertInto('rules')
      .values({ name: 'drift', ...row })
      .execute();
    const windowAt = (hour: number) => ({
      start: new Date(Date.UTC(2026, 0, 1, hour)).toISOString(),
      end: new Date(Date.UTC(2026, 0, 1, hour + 1)).toISOString(),
    });
    const about = { model: 'm', version: '1', shadow: false };
    const run = (stage: string, args: JsonObject) => lifecycles.run(lifecycle, 'alerts', stage, args);
    return {
      lifecycle,
      clock,
      drifts: (hour: number, feature = 'age') =>
        run('drift', {
          ...about,
          window: windowAt(hour),
          feature,
          statistic: 'ks',
          value: 0.4,
          threshold: 0.05,
          p_value: 0.01,
        }),
      computes: (hour: number, drifted: string[], performance: JsonObject | null = null) =>
        run('window', { ...about, window: windowAt(hour), predictions: 50, drifted, performance, revision: 1 }),
      /** Lets time pass in steps of five seconds, as the ticker does, but faster when nothing is due. */
      async pass(ms: number, stepMs = 5000) {
        const end = clock.now() + ms;
        while (clock.now() < end) {
          await clock.advance(Math.min(stepMs, end - clock.now()));
          await alerts.tick?.(lifecycle, { since: 0, until: clock.now() });
        }
      },
      rows: async () =>
        (await query.selectFrom('alerts').selectAll().execute()).map(({ state, feature }) => [feature, state]),
    };
  }

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

    await drifts(1);
    await pass(5 * HOUR_MS, HOUR_MS / 2);

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
    const features = ['age', 'income', 'height'];

    for (const feature of features) await drifts(1, feature);
    await pass(HOUR_MS / 2, HOUR_MS / 8);
    await computes(2, ['age']);
    await pass(HOUR_MS / 2, HOUR_MS / 8);
    expect(hook.received).toEqual([]);
    hook.isUp = true;
    await pass(24 * HOUR_MS - 3 * HOUR_MS, HOUR_MS);

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

  it('raises and resolves alerts of errors', async () => {
    const { computes, rows } = await setUp([], { kind: 'error', metric: 'rmse', threshold: 2, resolve_after: 2 });

    await computes(1, [], { outcomes: 9, rmse: 2.5 });
    expect(await rows()).toEqual([['', 'firing']]);
    await computes(2, [], { outcomes: 9, rmse: 1 });
    expect(await rows()).toEqual([['', 'firing']]);
    await computes(3, [], { outcomes: 9, rmse: 1 });
    expect(await rows()).toEqual([['', 'resolved']]);
  });

  it('sends mail by SMTP', async () => {
    const mails: string[] = [];
    const smtp = createTcpServer((socket) => {
      let mail = '';
      let isData = false;
      socket.write('220 test ESMTP\r\n');
      socket.on('data', (chunk) => {
        mail += chunk;
        if (isData) {
          if (!mail.endsWith('\r\n.\r\n')) return;
          mails.push(mail);
          isData = false;
          mail = '';
          socket.write('250 OK\r\n');
          return;
        }
        const command = mail.trim().toUpperCase();
        mail = '';
        if (command.startsWith('QUIT')) socket.end('221 bye\r\n');
        else if (command === 'DATA') {
          isData = true;
          socket.write('354 go on\r\n');
        } else socket.write('250 OK\r\n');
      });
    });
    const url = (await listenOnFreePort(smtp)).replace('http:', 'smtp:');
    const { drifts, pass, lifecycle } = await setUp(
      [{ kind: 'email', to: 'ann@example.com' }],
      {},
      { MODELYARD_SMTP_URL: url },
    );

    await drifts(1);
    await pass(5000);
    smtp.close();

    expect(mails).toHaveLength(1);
    expect(mails[0]).toContain('To: ann@example.com');
    expect(mails[0]).toMatch(/Subject: Alert: age of m has drifted/);
    const { query } = await alertsDatabase(lifecycle);
    expect(await query.selectFrom('deliveries').select('state').execute()).toEqual([{ state: 'delivered' }]);
  });
});
