import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { JsonObject } from '#core';
import { databaseOf } from '#lifecycle/lifecycle.ts';
import { manifest } from '#lifecycle/serving/manifest.ts';
import { startTicker } from '#lifecycle/ticker.ts';
import { listenOnFreePort } from '#test/support/listen.ts';
import { alertsOn } from './alerts/support.ts';
import { useLifecycle } from './support.ts';

const TICK_MS = 5000;

describe('due work of a process that stays', () => {
  const lifecycles = useLifecycle();
  const receiver = createServer();
  afterEach(() => {
    vi.useRealTimers();
    receiver.closeAllConnections();
    receiver.close();
  });

  it('of a service does not wait for the slow receiver of another one', async () => {
    const url = await listenOnFreePort(receiver);
    const environment = { MODELYARD_OUTBOUND_HOSTS: '127.0.0.1' };
    const { lifecycle, drifts } = await alertsOn(lifecycles, [{ kind: 'webhook', url }], { environment });
    await drifts(1);
    const { query } = await databaseOf<unknown>(lifecycle, manifest);
    vi.useFakeTimers({ toFake: ['setInterval'] });

    startTicker(lifecycle);
    const isCalled = once(receiver, 'request');
    await vi.advanceTimersByTimeAsync(TICK_MS);
    await isCalled;
    const payload = JSON.stringify({ model: 'm' } satisfies JsonObject);
    const event = { id: 'e', type: 'deployment.changed', owner: 'ann', payload, created_at: 1, sent_at: null };
    await query.insertInto('outbox').values(event).execute();
    await vi.advanceTimersByTimeAsync(TICK_MS);

    await vi.waitFor(async () => {
      const { sent_at } = await query.selectFrom('outbox').select('sent_at').executeTakeFirstOrThrow();
      expect(sent_at).not.toBeNull();
    });
  });
});
