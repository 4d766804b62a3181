import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { ended, post, submit, type TaskBody } from '#test/support/api-client.ts';
import { EmbeddedSystem, isRunning, type SystemOptions } from '#test/support/embedded-system.ts';

const systems: EmbeddedSystem[] = [];
afterEach(() => Promise.all(systems.splice(0).map((system) => system[Symbol.asyncDispose]())));

function launch(options?: SystemOptions): EmbeddedSystem {
  const system = new EmbeddedSystem(options);
  systems.push(system);
  return system;
}

async function start(options?: SystemOptions): Promise<EmbeddedSystem> {
  const system = launch(options);
  await system.untilServing();
  return system;
}

/** Resolves when the process is gone; one that stays is the test's time limit. */
async function gone(pid: number): Promise<void> {
  while (isRunning(pid)) await sleep(20);
}

/** On a busy machine, instances may need longer than the system waits before it tells what it has. */
const A_STATE = expect.stringMatching(/^(ready|starting)$/);

describe('starting', () => {
  it('tells what runs where, in one line for programs', async () => {
    const system = await start();

    const ready = system.events.find(({ message }) => message === 'ready');
    expect(ready).toMatchObject({
      level: 'info',
      source: 'gateway',
      url: expect.stringMatching(/^http:\/\/localhost:\d+$/),
      models: [
        {
          name: 'gdp_growth_rate',
          queue: expect.stringMatching(/^[\w-]+[-.]gdp[-_]growth[-_]rate[-.]tasks$/),
          instances: [
            { id: 'gdp_growth_rate-1', variant: 'LinearRegression', state: A_STATE, pid: expect.any(Number) },
          ],
        },
        { name: 'model_a', instances: [{ id: 'model_a-1', state: A_STATE }] },
        { name: 'model_b', instances: [{ id: 'model_b-1', state: A_STATE }] },
      ],
    });
    const said = (id: string) => system.until(({ source, message }) => source === id && message === 'Ready.');
    await Promise.all(['gdp_growth_rate-1', 'model_a-1', 'model_b-1'].map(said));
    expect(system.complaints).toEqual([]);
  });

  it('tells people what they can try', async () => {
    const system = launch({ args: ['--port', '0'] });

    await system.until(({ message }) => message.includes('curl -X POST http://localhost:'));
    await system.until(({ message }) => message.startsWith('Modelyard is ready after '));
    await system.until(({ message }) =>
      /^ {2}model_a +[\w-]+[-.]model[-_]a[-.]tasks +model_a-1, (ready|starting)$/.test(message),
    );
  });

  it('says in one sentence that the port is taken, and leaves nothing behind', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { readonly port: number };

    const system = launch({ args: ['--port', String(port)] });
    const { code } = await system.exit;
    server.close();

    expect(code).toBe(1);
    expect(system.complaints).toEqual([`Port ${port} is already in use; choose another one with --port.`]);
    expect(system.events).toEqual([]);
  });

  it.each([
    [['--port', '80000'], '--port must be a whole number from 0 to 65535, not "80000".'],
    [['--prot', '8000'], "Unknown option '--prot'. Try --help."],
  ])('refuses %j with one sentence', async (args, sentence) => {
    const system = launch({ args });

    expect(await system.exit).toMatchObject({ code: 2 });
    expect(system.complaints).toEqual([sentence]);
  });
});

describe('Ctrl-C', () => {
  it('lets requests and tasks in hand finish, and leaves nothing running', async () => {
    const system = await start();
    const waiting = post(system, '/predict/model_b', { value: 5, delay_seconds: 2 });
    await submit(system, 'model_b', { value: 6, delay_seconds: 3 });

    system.signal('SIGINT');
    const answer = (await (await waiting).json()) as TaskBody;
    const { code } = await system.exit;

    expect(answer).toMatchObject({ state: 'succeeded', result: { value: 5 } });
    expect(code).toBe(0);
    expect(system.pids().filter(isRunning)).toEqual([]);
    await expect(fetch(system.url)).rejects.toThrow();
    expect(system.events.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('tells how many accepted tasks will not run any more; all others end, before it or after the next start', async () => {
    const system = await start();
    const tasks = await Promise.all(
      Array.from({ length: 20 }, () => submit(system, 'model_b', { value: 6, delay_seconds: 1 })),
    );

    system.signal('SIGINT');
    const { code } = await system.exit;
    const finished = system.events.filter(({ message }) => message === 'Task succeeded.').map(({ taskId }) => taskId);
    const told = system.events.find(({ message }) => message.endsWith('the queue ends with this process.'));
    const next = await start({ after: system });
    const isKept = await Promise.all(tasks.map(async ({ id }) => (await next.fetch(`/tasks/${id}`)).status === 200));
    const ends = await Promise.all(tasks.filter((_, index) => isKept[index]).map(({ id }) => ended(next, id)));

    expect(code).toBe(0);
    expect(finished.length).toBeLessThan(20);
    expect(told?.model ?? 'model_b').toBe('model_b');
    expect(Number(told?.lost ?? 0) + new Set([...finished, ...ends.map(({ id }) => id)]).size).toBe(20);
    expect(ends.filter(({ state }) => state !== 'succeeded')).toEqual([]);
  });

  it.each([
    ['every process of the terminal', (system: EmbeddedSystem) => system.signalGroup('SIGINT')],
    ['npm alone', (system: EmbeddedSystem) => system.signal('SIGINT')],
  ])('to %s lets npm start exit with 0', async (_, pressCtrlC) => {
    const system = await start({ withNpm: true });
    await submit(system, 'model_b', { value: 6, delay_seconds: 1 });

    pressCtrlC(system);
    const { code } = await system.exit;

    expect(code).toBe(0);
    expect(system.events.at(-1)?.message).toBe('Stopped. All processes have ended.');
    expect(system.pids().filter(isRunning)).toEqual([]);
  });

  it('a second time stops at once', async () => {
    const system = await start();
    await submit(system, 'model_b', { value: 5, delay_seconds: 300 });

    system.signal('SIGINT');
    await system.until(({ message }) => message.startsWith('SIGINT: '));
    // A second one that comes sooner is npm passing on the first.
    await sleep(300);
    system.signal('SIGINT');
    const { code } = await system.exit;
    await Promise.all(system.pids().map(gone));

    expect(code).toBe(130);
  });

  it('while it starts ends it in order', async () => {
    const system = launch();
    await system.until(({ message }) => message === 'Starting.');

    system.signal('SIGINT');
    const { code } = await system.exit;

    expect(code).toBe(0);
    expect(system.pids().filter(isRunning)).toEqual([]);
  });
});

describe('the end of the gateway', () => {
  it('by kill -9 takes the instances with it, one in the middle of a task included', async () => {
    const system = await start();
    await submit(system, 'model_b', { value: 5, delay_seconds: 300 });

    system.signal('SIGKILL');
    await system.exit;

    await Promise.all(system.pids().map(gone));
    expect(system.pids()).toHaveLength(3);
  });

  it('comes within seconds when npm start is killed', async () => {
    const system = await start({ withNpm: true });
    await submit(system, 'model_b', { value: 5, delay_seconds: 300 });

    system.signal('SIGKILL');
    // All processes share its output, which ends with the last of them.
    await system.exit;

    await Promise.all(system.pids().map(gone));
    expect(system.pids()).toHaveLength(3);
  });
});
