import { describe, expect, it } from 'vitest';
import type { HttpRequest } from '#api';
import type { JsonObject } from '#core';
import { alerts } from '#lifecycle/alerts/service.ts';
import type { Lifecycle } from '#lifecycle/lifecycle.ts';
import type { ServingLifecycle } from '#lifecycle/service.ts';
import { useLifecycle } from '../support.ts';

const HEADERS: Readonly<Record<string, string>> = { 'content-type': 'application/json' };

async function ask(lifecycle: Lifecycle, route: string, body: JsonObject) {
  const [method = '', path = ''] = route.split(' ');
  const request = {
    ...{ method, path, route: path, caller: { id: 'ann' }, param: () => 'rule' },
    ...{ body: () => Buffer.from(JSON.stringify(body)), headers: { list: (name: string) => HEADERS[name] } },
  };
  return alerts.handle(lifecycle as ServingLifecycle, request as unknown as HttpRequest);
}

describe('a request to alerts', () => {
  const lifecycles = useLifecycle();
  const faultAt = (pointer: string) => ({ code: 'invalid_input', errors: [expect.objectContaining({ pointer })] });

  it.each([
    '2026-11-31T00:00:00Z',
    '2027-02-29T00:00:00Z',
    '2026-12-01T00:00:00',
    '2026-12-01T24:01:00Z',
    '2026-12-01',
    ['2026-12-01T00:00:00Z'],
  ])('for a silence is refused with its field when a time is %j', async (time) => {
    const lifecycle = await lifecycles.open();

    for (const field of ['starts_at', 'ends_at']) {
      const body = { seconds: 60, [field]: time };
      await expect(ask(lifecycle, 'POST /silences', body)).rejects.toMatchObject(faultAt(`/${field}`));
    }
  });

  it('for a silence takes times of any zone', async () => {
    const lifecycle = await lifecycles.open();
    const start = Math.floor(Date.now() / 1000) * 1000 + 60_000;
    const local = new Date(start + 2 * 3600_000).toISOString().replace('.000Z', '+02:00');

    const { statusCode, body } = await ask(lifecycle, 'POST /silences', { starts_at: local, seconds: 60 });

    expect(statusCode).toBe(201);
    expect(JSON.parse(String(body))).toMatchObject({ starts_at: new Date(start).toISOString() });
  });

  it('for a silence is refused when it names two ends', async () => {
    const lifecycle = await lifecycles.open();
    const body = { seconds: 60, ends_at: new Date(Date.now() + 3600_000).toISOString() };

    await expect(ask(lifecycle, 'POST /silences', body)).rejects.toMatchObject(faultAt('/seconds'));
  });

  it('for a rule of drift is refused when it has a threshold, which monitoring has', async () => {
    const lifecycle = await lifecycles.open();
    const put = (body: JsonObject) => ask(lifecycle, 'PUT /alert-rules/{rule}', body);

    await expect(put({ kind: 'drift', threshold: 0.3 })).rejects.toMatchObject(faultAt('/threshold'));
    expect((await put({ kind: 'drift' })).statusCode).toBe(200);
  });
});
