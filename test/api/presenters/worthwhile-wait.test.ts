import { describe, expect, it } from 'vitest';
import { type HandlerDeps, waitWhileUseful } from '#api';
import type { Clock, Task, TaskForecast } from '#core';

const NOW = Date.parse('2026-11-21T08:00:00Z');
const QUEUED = { id: 'a', model: 'm', owner: 'me', state: 'queued', createdAt: NOW, deadlineAt: NOW + 1e9 } as Task;

/** Waits for a task on a clock that passes only while somebody sleeps. `sleeps`: whether waiting is scarce. */
async function waited(given: { sleeps: boolean; forecast?: TaskForecast; endsAfterMs?: number; waitMs?: number }) {
  let now = NOW;
  let forecasts = 0;
  const clock: Clock = {
    now: () => now,
    async sleep(ms) {
      now += ms;
    },
  };
  const { endsAfterMs = Number.POSITIVE_INFINITY } = given;
  const tasks = {
    async peek() {
      return now - NOW >= endsAfterMs ? { ...QUEUED, state: 'succeeded', endedAt: NOW + endsAfterMs } : QUEUED;
    },
  };
  const deps = {
    platform: { instances: { sleeps: given.sleeps } },
    waits: { tasks, clock },
    async forecast() {
      forecasts += 1;
      return given.forecast ?? {};
    },
  } as unknown as HandlerDeps;
  const wait = { id: 'a', owner: 'me', known: QUEUED, waitMs: given.waitMs ?? 20_000 };
  const { state } = await waitWhileUseful(deps, wait);
  return { state, seconds: Math.round((now - NOW) / 1000), forecasts };
}

describe('a wait on AWS', () => {
  it('ends after three seconds when the task will not start within it', async () => {
    const forecast = { position: 1000, startsAt: NOW + 1_000_000 };

    expect(await waited({ sleeps: true, forecast })).toEqual({ state: 'queued', seconds: 3, forecasts: 1 });
  });

  it.each([
    ['may start in time', { startsAt: NOW + 10_000 }],
    ['may start at an unknown time', {}],
  ])('lasts as long as wanted for a task that %s', async (_, forecast) => {
    expect(await waited({ sleeps: true, forecast })).toEqual({ state: 'queued', seconds: 20, forecasts: 1 });
    expect(await waited({ sleeps: true, forecast, endsAfterMs: 9000 })).toMatchObject({ state: 'succeeded' });
  });

  it('reads no backlog for a usual prediction, nor for a short wait', async () => {
    expect(await waited({ sleeps: true, endsAfterMs: 150 })).toMatchObject({ state: 'succeeded', forecasts: 0 });
    expect(await waited({ sleeps: true, waitMs: 3000 })).toMatchObject({ seconds: 3, forecasts: 0 });
  });
});

it('a wait where a waiting caller costs nothing lasts as long as wanted', async () => {
  const forecast = { startsAt: NOW + 1_000_000 };

  expect(await waited({ sleeps: false, forecast })).toEqual({ state: 'queued', seconds: 20, forecasts: 0 });
});
