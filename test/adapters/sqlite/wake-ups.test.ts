import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { taskOf, toEndedTask, wakeAddress } from '#adapters/sqlite/wake/wake-message.ts';
import { WakeUps } from '#adapters/sqlite/wake/wake-ups.ts';
import { useDataFolders } from '#test/support/data-folder.ts';
import { aFreshTask } from '#test/support/tasks.ts';

const folders = useDataFolders();
const opened: WakeUps[] = [];
afterEach(() => {
  for (const wakeUps of opened.splice(0)) wakeUps.close();
});

/** One process of a folder, linked to the others; counts what it hears. */
async function enter(folder: string) {
  const events = { leads: 0, leaves: 0 };
  const wakeUps = new WakeUps({ folder, onLead: () => void events.leads++, onLeave: () => void events.leaves++ });
  opened.push(wakeUps);
  const heard: string[] = [];
  wakeUps.onArrival('a', () => void heard.push('a'));
  await eventually(() => expect(heard).not.toEqual([]));
  return { wakeUps, events, heard };
}

const eventually = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 5 });

describe('wake-ups', () => {
  it('reach every process of the folder that listens, the one that tells included', async () => {
    const folder = await folders.newFolder();
    const [hub, second, third] = [await enter(folder), await enter(folder), await enter(folder)];
    for (const { heard } of [hub, second, third]) heard.length = 0;

    second.wakeUps.notifyArrival('a');
    await eventually(() => expect([hub, second, third].map(({ heard }) => heard)).toEqual([['a'], ['a'], ['a']]));
    hub.wakeUps.notifyArrival('a');
    await eventually(() => expect([hub, second, third].map(({ heard }) => heard.length)).toEqual([2, 2, 2]));

    expect([hub, second, third].map(({ events }) => events.leads)).toEqual([1, 0, 0]);
  });

  it('of queues and tasks that nobody listens to reach nobody', async () => {
    const folder = await folders.newFolder();
    const [hub, second] = [await enter(folder), await enter(folder)];
    let ends = 0;
    second.wakeUps.onEnd('t2', () => void ends++);
    // Once its interest is known, everybody looks for what may have been missed.
    await eventually(() => expect(ends).toBe(1));
    for (const { heard } of [hub, second]) heard.length = 0;

    hub.wakeUps.notifyArrival('b');
    hub.wakeUps.notifyEnd({ ...aFreshTask(), id: 't1' });
    hub.wakeUps.notifyEnd({ ...aFreshTask(), id: 't2' });
    await eventually(() => expect(ends).toBe(2));

    expect([hub.heard, second.heard]).toEqual([[], []]);
  });

  it('go on when the hub has gone: another process takes its place, and everybody looks once', async () => {
    const folder = await folders.newFolder();
    const [hub, second, third] = [await enter(folder), await enter(folder), await enter(folder)];
    for (const { heard } of [hub, second, third]) heard.length = 0;

    hub.wakeUps.close();
    await eventually(() => expect(second.events.leads + third.events.leads).toBe(1));
    await eventually(() => expect([second, third].map(({ wakeUps }) => wakeUps.isLinked)).toEqual([true, true]));
    expect([second, third].every(({ heard }) => heard.length > 0)).toBe(true);

    for (const { heard } of [second, third]) heard.length = 0;
    third.wakeUps.notifyArrival('a');
    // Who links again looks once more, maybe only now.
    await eventually(() => expect([second, third].map(({ heard }) => [...new Set(heard)])).toEqual([['a'], ['a']]));
  });

  it('tell the hub when a process has gone', async () => {
    const folder = await folders.newFolder();
    const [hub, second] = [await enter(folder), await enter(folder)];

    second.wakeUps.close();

    await eventually(() => expect(hub.events.leaves).toBe(1));
  });

  it('work where a dead hub has left its socket behind', async () => {
    const folder = await folders.newFolder();
    const leftBehind = createServer().listen(wakeAddress(folder));
    await new Promise((resolve) => leftBehind.once('listening', resolve));

    const { events } = await enter(folder);

    expect(events.leads).toBe(1);
    leftBehind.close();
  });

  it('work in a folder whose path is too long for a socket', async () => {
    const folder = join(await folders.newFolder(), 'a-folder-of-a-long-name'.repeat(8));
    await folders.open({ folder });
    const [first, second] = [await enter(folder), await enter(folder)];
    first.heard.length = 0;

    second.wakeUps.notifyArrival('a');

    await eventually(() => expect(first.heard).toEqual(['a']));
  });

  it('tell of a success with its result and without its request, which may be large', () => {
    const payload = { kind: 'inline', bytes: Uint8Array.of(1) } as const;
    const task = { ...aFreshTask(), state: 'succeeded', result: { contractHash: 'c1', payload } } as const;

    const told = taskOf(toEndedTask({ ...task, envelope: new Uint8Array(100_000) }));

    expect(told).toEqual(task);
  });
});
