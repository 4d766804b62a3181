import { describe, expect, it } from 'vitest';
import type { InstanceState } from '#core';
import { restartSilentInstances } from '#local/silent-instances.ts';
import type { InstanceReport } from '#local/supervisor.ts';
import { ManualClock } from '#test/support/manual-clock.ts';

const report = (state: InstanceState, pid: number | undefined): InstanceReport => ({
  id: 'model_a-1',
  name: 'model_a-1',
  model: 'model_a',
  state,
  image: 'local process',
  crashes: 0,
  isPreparing: false,
  ...(pid === undefined ? {} : { pid }),
});

/** What becomes of an instance that looks like this, one look after the other. */
async function restartsDuring(looks: readonly (InstanceReport | 'registry away')[]): Promise<number> {
  const clock = new ManualClock();
  const stop = new AbortController();
  const ahead = [...looks];
  const restarted: string[] = [];
  const supervisor = {
    async report() {
      const look = ahead.shift();
      if (look === 'registry away') throw new Error('away');
      return look ? [look] : [];
    },
    restart: (id: string) => void restarted.push(id),
  };

  const watching = restartSilentInstances(supervisor, { clock, signal: stop.signal });
  while (ahead.length > 0) await clock.advance(5_000);
  stop.abort();
  await watching;
  return restarted.length;
}

const ready = report('ready', 1);
const silent = report('starting', 1);

describe('an instance', () => {
  it('that was ready and is not heard of any more is restarted, once', async () => {
    expect(await restartsDuring([ready, silent, silent, silent, silent, silent, silent, silent])).toBe(1);
  });

  it('that is heard of again in time is left alone', async () => {
    expect(await restartsDuring([ready, silent, silent, silent, silent, ready, silent, silent])).toBe(0);
  });

  it('that takes long to set up is left alone', async () => {
    expect(await restartsDuring(Array.from({ length: 20 }, () => silent))).toBe(0);
  });

  it('that crashed and takes long to set up again is left alone', async () => {
    const again = report('starting', 2);

    expect(
      await restartsDuring([ready, report('starting', undefined), ...Array.from({ length: 9 }, () => again)]),
    ).toBe(0);
  });

  it('that drains is left alone', async () => {
    expect(await restartsDuring([ready, ...Array.from({ length: 9 }, () => report('draining', 1))])).toBe(0);
  });

  it('is not blamed for a registry that is away', async () => {
    expect(await restartsDuring([ready, ...Array.from({ length: 9 }, () => 'registry away' as const), silent])).toBe(0);
  });
});
