import { afterEach, expect, it, vi } from 'vitest';
import { eraseTraces } from '#api/erase-traces.ts';
import { newUserId } from '#core';
import { resumeLifecycle } from '#gateway/resume-lifecycle.ts';
import { OUTBOX_MIGRATIONS } from '#lifecycle/outbox.ts';
import type { Platform } from '#platform/platform.ts';
import { useDataFolders } from '#test/support/data-folder.ts';
import { silentLogger as logger } from '#test/support/silent-logger.ts';

const folders = useDataFolders();
const TICK_MS = 5_000;

afterEach(() => {
  vi.useRealTimers();
});

async function aSystem() {
  const opened = await folders.open();
  const launched = Promise.withResolvers<string>();
  const instances = {
    list: async () => [],
    launch: async (model: string) => launched.resolve(model),
  } as unknown as Platform['instances'];
  return { platform: { ...opened, instances } as Platform, launched: launched.promise };
}

it('starts a worker for what another process has left to the lifecycle, before any request to it', async () => {
  vi.useFakeTimers({ toFake: ['setInterval'] });
  const { platform, launched } = await aSystem();
  await (await platform.lifecycle?.())?.database('serving', OUTBOX_MIGRATIONS);
  await eraseTraces(platform, newUserId('ann'));

  using _ = resumeLifecycle({ platform, logger }, 0);
  await vi.waitFor(() => expect(vi.getTimerCount()).toBe(1));
  vi.advanceTimersByTime(TICK_MS);

  expect(await launched).toBe('lifecycle');
});

it('loads nothing where the lifecycle was never used', async () => {
  const { platform } = await aSystem();
  const asked = Promise.withResolvers<void>();
  const stores = await platform.lifecycle?.();
  const hasDatabase = vi.fn((service: string) => {
    if (service === 'alerts') asked.resolve();
    return false;
  });
  const database = vi.fn();
  const lifecycle = async () => ({ ...stores, hasDatabase, database }) as never;

  using _ = resumeLifecycle({ platform: { ...platform, lifecycle }, logger }, 0);
  await asked.promise;

  expect(database).not.toHaveBeenCalled();
});
