import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { afterEach, describe, expect, it } from 'vitest';
import { webhookSecrets } from '#core/webhooks';
import { alertsDatabase } from '#lifecycle/alerts/tables.ts';
import { openLifecycle } from '#lifecycle/open-lifecycle.ts';
import { useDataFolders } from '#test/support/data-folder.ts';
import { listenOnFreePort } from '#test/support/listen.ts';
import { silentLogger } from '#test/support/silent-logger.ts';
import { ROOT } from '../../architecture/cruise.ts';

const folders = useDataFolders();
const FEATURES = ['age', 'income', 'height', 'weight'];
/** Milliseconds after which the process is killed, once it is ready. The last one gets to the end. */
const KILLED_AFTER = [0, 15, 40, 70, 110, 160, 230, undefined];
/** A process that is killed while it sends holds the report for a minute. */
const LEASE_MS = 61_000;

const window = { start: '2026-01-01T00:00:00Z', end: '2026-01-01T01:00:00Z' };
const next = { start: window.end, end: '2026-01-01T02:00:00Z' };
const about = { model: 'm', version: '1', shadow: false };
const found = { statistic: 'ks', value: 0.4, threshold: 0.05, p_value: 0.01 };
const STAGES = [
  ...FEATURES.map((feature) => ({ stage: 'drift', args: { ...about, ...found, window, feature } })),
  {
    stage: 'window',
    args: {
      ...about,
      window: next,
      predictions: 50,
      drifted: ['age'],
      tested: FEATURES,
      performance: null,
      revision: 1,
    },
  },
];

async function runUntilKilled(folder: string, aheadMs: number, afterMs: number | undefined): Promise<void> {
  const script = `${ROOT}/test/lifecycle/alerts/killed-alerts.ts`;
  const args = ['--disable-warning=ExperimentalWarning', script, folder, String(aheadMs), JSON.stringify(STAGES)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  await once(child.stdout, 'data');
  if (afterMs !== undefined) {
    await sleep(afterMs);
    child.kill('SIGKILL');
  }
  const [code, signal] = await ended;
  if (afterMs === undefined) expect({ code, signal }).toEqual({ code: 0, signal: null });
}

describe('alerts that are killed with SIGKILL at any moment', () => {
  const received: { readonly id: string; readonly what: string; readonly isSigned: boolean }[] = [];
  let secret = '';
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    const { type, feature } = JSON.parse(body);
    const { 'webhook-id': id, 'webhook-timestamp': seconds, 'webhook-signature': signature } = request.headers;
    const signed = new Webhook(secret).sign(String(id), new Date(Number(seconds) * 1000), body);
    received.push({ id: String(id), what: `${type} ${feature}`, isSigned: signed === signature });
    // Long enough that some processes are killed between the request and its answer.
    await sleep(20);
    response.end();
  });
  afterEach(() => void server.close());

  it('report everything in order, signed, and each report under one id', { timeout: 120_000 }, async () => {
    const url = await listenOnFreePort(server);
    const folder = await folders.newFolder();
    const lifecycle = await openLifecycle(await folders.open({ folder }), silentLogger);
    ({ secret } = await webhookSecrets(lifecycle.platform, 'ann'));
    const { query } = await alertsDatabase(lifecycle);
    const rule = { name: 'drift', kind: 'drift', resolve_after: 1, repeat_seconds: 86_400 };
    const channels = [{ kind: 'webhook', url }];
    const row = { rule: JSON.stringify({ ...rule, channels }), updated_at: 0, updated_by: 'ann' };
    await query
      .insertInto('rules')
      .values({ name: 'drift', ...row })
      .execute();

    for (const [at, afterMs] of KILLED_AFTER.entries()) await runUntilKilled(folder, at * LEASE_MS, afterMs);

    const byId = new Map(received.map(({ id, what }) => [id, what]));
    expect([...byId.values()].toSorted()).toEqual(
      [
        ...FEATURES.map((feature) => `alert.firing ${feature}`),
        ...FEATURES.filter((feature) => feature !== 'age').map((feature) => `alert.resolved ${feature}`),
      ].toSorted(),
    );
    const order = [...byId.values()];
    for (const feature of FEATURES.slice(1)) {
      expect(order.indexOf(`alert.firing ${feature}`)).toBeLessThan(order.indexOf(`alert.resolved ${feature}`));
    }
    expect(received.filter(({ isSigned }) => !isSigned)).toEqual([]);
    // Only what was on its way when a process was killed comes again, under the same id.
    expect(received.length - byId.size).toBeLessThan(KILLED_AFTER.length);
    const rows = await query.selectFrom('deliveries').select('state').execute();
    expect(new Set(rows.map(({ state }) => state))).toEqual(new Set(['delivered']));
  });
});
