import { describe, expect, it } from 'vitest';
import { json, startScriptedApi, succeed } from '../scripted-api.ts';
import { startSender } from './sender-process.ts';
import { type Order, sendAsOrdered } from './sending.ts';
import { Wire } from './wire.ts';

const anOrder = (url: string): Order => ({
  url,
  path: '/predict/model_a',
  headers: { Prefer: 'wait=1' },
  body: '{"data":"example"}',
  seconds: 0.5,
  rate: 100,
  waitSeconds: 1,
});

describe('a sender', () => {
  it('sends what is due, and tells what became of it', async () => {
    await using api = await startScriptedApi({
      submit(response, request, index) {
        if (index % 5 === 0) succeed(response, request, index);
        else if (index % 5 === 1) json(response, 429, {}, { 'Retry-After': '1' });
        else if (index % 5 === 2) json(response, 500, {});
        else if (index % 5 === 3) json(response, 202, { id: 't', state: 'queued' });
        else response.destroy();
      },
    });
    using wire = new Wire(api.url, 100);

    const seen = await sendAsOrdered(anOrder(api.url), wire);

    expect(seen).toMatchObject({
      due: 50,
      served: 10,
      refused: 20,
      illRefused: 10,
      accepted: 10,
      lost: 10,
      overdue: 0,
    });
    expect(api.requests).toHaveLength(50);
    expect(api.requests[0]).toMatchObject({ method: 'POST', url: '/predict/model_a', headers: { prefer: 'wait=1' } });
  });

  it('counts latency from when a request was due, also while all connections are busy', async () => {
    const held: (() => void)[] = [];
    await using api = await startScriptedApi({
      submit(response, request, index) {
        held.push(() => succeed(response, request, index));
        // As many as there are connections: the others wait in the sender until now.
        if (held.length === 50) for (const release of held.splice(0)) release();
        else if (index >= 50) succeed(response, request, index);
      },
    });

    using wire = new Wire(api.url, 50);

    const seen = await sendAsOrdered({ ...anOrder(api.url), seconds: 0.1, rate: 600 }, wire);

    expect(seen).toMatchObject({ due: 60, served: 60, lost: 0 });
  });

  it('keeps as many callers busy as it is asked for', async () => {
    let [atOnce, most] = [0, 0];
    await using api = await startScriptedApi({
      submit(response, request, index) {
        atOnce += 1;
        most = Math.max(most, atOnce);
        setImmediate(() => {
          atOnce -= 1;
          succeed(response, request, index);
        });
      },
    });
    await using sender = startSender();
    const { rate: _, ...order } = anOrder(api.url);

    const seen = await sender.send({ ...order, callers: 4 });

    expect(most).toBeLessThanOrEqual(4);
    expect(seen.served).toBe(api.requests.length);
    expect(seen.served).toBeGreaterThan(4);
  });
});
