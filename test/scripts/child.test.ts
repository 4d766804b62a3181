import { describe, expect, it, vi } from 'vitest';
import { isRunning } from '#test/support/embedded-system.ts';
import { Child, runToEnd } from '../../scripts/cloud/child.ts';

/** Starts a process of its own that outlives it, says both ids, and goes on. */
const PARENT = `
const child = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
console.log('started', process.pid, child.pid, '.');
setInterval(() => {}, 1000);
`;

/** The same, whose own process is deaf to being asked to stop. */
const STUBBORN = PARENT.replace("-e', '", '-e\', \'process.on("SIGTERM", () => {}); ');

const options = (signal = new AbortController().signal) => ({ environment: process.env, cwd: process.cwd(), signal });

async function idsOf(child: Child): Promise<readonly number[]> {
  await child.untilPrinted(' .');
  return [...child.output.matchAll(/\d+/g)].map(([id]) => Number(id));
}

const gone = (ids: readonly number[]) => vi.waitUntil(() => !ids.some(isRunning), { timeout: 10_000, interval: 20 });

describe('a process of the end-to-end test of the cloud', () => {
  it.each([PARENT, STUBBORN])('ends with everything that it has started', async (script) => {
    const child = new Child(process.execPath, ['-e', script], options());
    const ids = await idsOf(child);

    await child[Symbol.asyncDispose]();

    expect(ids).toHaveLength(2);
    await gone(ids);
  });

  it('ends with the test', async () => {
    const stop = new AbortController();
    const child = new Child(process.execPath, ['-e', PARENT], options(stop.signal));
    const ids = await idsOf(child);

    stop.abort();

    await gone(ids);
    await expect(child.untilPrinted('never')).rejects.toThrow('The process ended before it printed "never"');
  });

  it('that runs to its end rejects when the test ends before', async () => {
    const stop = new AbortController();
    const running = runToEnd(process.execPath, ['-e', PARENT], options(stop.signal));

    stop.abort();

    await expect(running).rejects.toThrow('ended with null');
  });

  it('is not started any more once the test has ended', () => {
    const over = AbortSignal.abort(new Error('SIGINT: stopping.'));

    expect(() => new Child(process.execPath, ['-e', PARENT], options(over))).toThrow('SIGINT: stopping.');
  });
});
