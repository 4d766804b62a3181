import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { consume, message, numberOf, sendMany } from '#test/contracts/task-queue/support.ts';
import { useDataFolders } from '#test/support/data-folder.ts';

const HOLDER = fileURLToPath(new URL('holder.ts', import.meta.url));

const folders = useDataFolders();
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** A process that holds so many messages; resolves when it does. */
async function startHolder(folder: string, count: number): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', HOLDER, folder, String(count)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  await once(child.stdout, 'data');
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

describe('what a killed process held', () => {
  it('is delivered to others at once, as suspects, however long its lease was', async ({ expect, ...test }) => {
    const folder = await folders.newFolder();
    const queue = (await folders.open({ folder })).queues('model_a');
    await sendMany(queue, 3);
    const holder = await startHolder(folder, 3);
    const other = consume(test, queue);
    const whileItLives = await other.receive(3);

    await kill(holder);
    const taken = await other.take(3);

    expect(whileItLives).toEqual([]);
    expect(taken.map(numberOf)).toEqual([0, 1, 2]);
    for (const delivery of taken) {
      expect(delivery).toMatchObject({ fence: 2, attempts: 0, losses: 1, isSuspect: true });
    }
  });

  it('is free as soon as the folder is opened again when everybody was killed', async ({ expect, ...test }) => {
    const folder = await folders.newFolder();
    const before = await folders.open({ folder });
    await sendMany(before.queues('model_a'), 2);
    await before.close();
    await kill(await startHolder(folder, 2));

    const after = await folders.open({ folder });
    const depth = await after.queues('model_a').depth();
    const taken = await consume(test, after.queues('model_a')).take(2);

    expect(depth).toMatchObject({ visible: 2, inFlight: 0 });
    expect(taken.map(({ losses }) => losses)).toEqual([1, 1]);
    await vi.waitFor(async () => expect(await readdir(join(folder, 'processes'))).toHaveLength(1), { timeout: 20_000 });
  });

  it('is not taken from one that only stopped responding', async ({ expect, ...test }) => {
    const folder = await folders.newFolder();
    const queue = (await folders.open({ folder })).queues('model_a');
    await queue.send(message(1));
    const holder = await startHolder(folder, 1);

    holder.kill('SIGSTOP');

    expect(await consume(test, queue).receive(1)).toEqual([]);
    holder.kill('SIGCONT');
  });

  it('includes the instance that it was', async () => {
    const folder = await folders.newFolder();
    const { registry, queues } = await folders.open({ folder });
    await queues('model_a').send(message(1));
    const holder = await startHolder(folder, 1);
    const before = await registry.snapshot();

    await kill(holder);

    expect(before.instances.map(({ id }) => id)).toEqual(['holder']);
    await vi.waitFor(async () => expect((await registry.snapshot()).instances).toEqual([]), { timeout: 10_000 });
  });
});
