import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { createClient } from './client.ts';
import { type Outcome, predict } from './predict.ts';
import { runLoad } from './run.ts';
import { startScriptedApi, succeed } from './scripted-api.ts';

const quiet = { tell: () => undefined, stop: new AbortController().signal };
const SUCCESS: Outcome = { what: 'succeeded' };

/** Timers may fire a millisecond early. */
const EARLY_MS = 2;

describe('the load', () => {
  it('goes on at its rate while the server stalls, and counts the stall in the latency of all who met it', async () => {
    const held: ServerResponse[] = [];
    const [rate, requests] = [100, 40];
    await using api = await startScriptedApi({
      // Answers only after the last request has arrived. A client that waits for responses would hang.
      submit(response, request, index) {
        held.push(response);
        if (index === requests - 1) for (const stalled of held) succeed(stalled, request, index);
      },
    });
    using client = createClient(api.url, {});
    const prediction = { model: 'model_a', body: '{}', patience: 60 };

    const { samples } = await runLoad(
      { rate, seconds: requests / rate, inFlight: 1000 },
      (stop) => predict(client, prediction, stop),
      quiet,
    );

    const lastDueMs = ((requests - 1) / rate) * 1000;
    expect(samples.map(({ what }) => what)).toEqual(Array(requests).fill('succeeded'));
    expect(samples.map(({ atMs }) => Math.round(atMs))).toEqual(Array.from({ length: requests }, (_, i) => i * 10));
    for (const { atMs, tookMs } of samples) expect(tookMs).toBeGreaterThanOrEqual(lastDueMs - atMs - EARLY_MS);
  });

  it('counts from when a request was due, also where the sender itself was held up, and says so', async () => {
    const heldUpMs = 200;
    let sent = 0;

    const measured = await runLoad(
      { rate: 100, seconds: 0.1, inFlight: 10 },
      async () => {
        if (sent++ === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, heldUpMs);
        return SUCCESS;
      },
      quiet,
    );

    expect(sent).toBe(10);
    for (const { atMs, tookMs } of measured.samples) {
      expect(tookMs).toBeGreaterThanOrEqual(heldUpMs - atMs - EARLY_MS);
    }
    expect(measured.sentLateMs.max).toBeGreaterThanOrEqual(heldUpMs - 10 - EARLY_MS);
  });

  it('does not send beyond what may be under way at once, and counts it instead of waiting', async () => {
    const lines: string[] = [];
    const gate = Promise.withResolvers<void>();
    const tell = (line: string) => {
      lines.push(line);
      if (line.includes('7 did not')) gate.resolve();
    };

    const { samples } = await runLoad(
      { rate: 100, seconds: 0.1, inFlight: 3 },
      async () => {
        await gate.promise;
        return SUCCESS;
      },
      { ...quiet, tell },
    );

    expect(samples.map(({ what, tookMs }) => (tookMs === undefined ? what : 'was sent'))).toEqual([
      ...Array(3).fill('was sent'),
      ...Array(7).fill('not sent: 3 were under way'),
    ]);
    expect(lines.at(-1)).toMatch(/^\d+ s: 3 of 10 sent, 0 succeeded, 7 did not, 3 under way$/);
  });

  it('takes answers while it sends faster than any timer', async () => {
    let underWay = 0;

    const { samples } = await runLoad(
      { rate: 50_000, seconds: 0.05, inFlight: 1000 },
      async () => {
        underWay += 1;
        await new Promise((resolve) => setImmediate(resolve));
        underWay -= 1;
        return SUCCESS;
      },
      quiet,
    );

    expect(samples.filter(({ what }) => what === 'succeeded')).toHaveLength(2500);
    expect(underWay).toBe(0);
  });

  it('ends at once when it is stopped, with what it has and how many it left', async () => {
    const stop = new AbortController();
    let sent = 0;

    const measured = await runLoad(
      { rate: 1000, seconds: 3600, inFlight: 1000 },
      async (signal) => {
        if (++sent <= 5) return SUCCESS;
        if (sent === 8) stop.abort();
        if (!signal.aborted) await once(signal, 'abort');
        return undefined;
      },
      { ...quiet, stop: stop.signal },
    );

    expect(measured.samples).toHaveLength(5);
    expect(measured.unfinished).toBe(3);
  });

  it('sends at least one request', async () => {
    const { samples } = await runLoad({ rate: 0.1, seconds: 1, inFlight: 1 }, async () => SUCCESS, quiet);

    expect(samples).toHaveLength(1);
  });
});
