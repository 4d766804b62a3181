import { afterEach, describe, expect, it } from 'vitest';
import type { ModelManifest } from '#catalog/manifest.ts';
import type { Instance, RegistrySnapshot } from '#core';
import type { InstanceIdentity } from '#local/supervised-instance.ts';
import { Supervisor, type SupervisorTiming } from '#local/supervisor.ts';
import { systemClock } from '#platform/platform.ts';
import { type RecordedTerminal, recordedTerminal } from '#test/support/recorded-terminal.ts';

/** Runs until SIGTERM, then says so and ends well. */
const OBEDIENT = `
  const timer = setInterval(() => {}, 1000);
  process.on('SIGTERM', () => { console.log('obeyed'); clearInterval(timer); process.disconnect(); });
  console.log(JSON.stringify({ level: 'info', message: 'up', pid: process.pid }));`;
const STUBBORN = OBEDIENT.replace('clearInterval(timer);', 'return;');
const CRASHING = `process.stderr.write('warming up\\n'); throw new RangeError('weights are missing');`;
const FAILING = `console.log(JSON.stringify({ level: 'error', message: 'setup failed', error: { message: 'no weights' } })); process.exitCode = 3;`;

const QUICK: Partial<SupervisorTiming> = { firstBackoffMs: 5, longestBackoffMs: 20 };
const supervisors: Supervisor[] = [];

afterEach(async () => {
  for (const supervisor of supervisors) supervisor.killAll();
  await Promise.all(supervisors.splice(0).map((supervisor) => supervisor.stopAll()));
});

interface Setup {
  readonly scripts: Record<string, string>;
  readonly manifest?: Partial<ModelManifest>;
  readonly timing?: Partial<SupervisorTiming>;
  readonly registered?: () => readonly Instance[];
}

const registryOf = (registered: () => readonly Instance[]) => ({
  snapshot: async (): Promise<RegistrySnapshot> => ({ models: [], instances: registered() }),
  putInstance: async () => undefined,
  removeInstance: async () => undefined,
});

function supervise({ scripts, manifest = {}, timing = QUICK, registered = () => [] }: Setup) {
  const log = recordedTerminal();
  const supervisor = new Supervisor(
    {
      models: Object.keys(scripts).map((name) => ({
        folder: `/models/${name}`,
        kind: 'typescript' as const,
        manifest: { name, description: 'A test.', ...manifest },
      })),
      command: (model: { manifest: ModelManifest }, _identity: InstanceIdentity) => ({
        arguments: ['-e', scripts[model.manifest.name] ?? ''],
        environment: {},
      }),
      registry: registryOf(registered),
      terminal: log.terminal,
      clock: systemClock,
    },
    timing,
  );
  supervisors.push(supervisor);
  supervisor.startAll();
  return { supervisor, log };
}

const isUp =
  (source: string, not?: unknown) =>
  (event: { source: string; message: string; [field: string]: unknown }): boolean =>
    event.source === source && event.message === 'up' && event.pid !== not;

const upPid = async (log: RecordedTerminal, source: string, not?: unknown): Promise<number> =>
  Number((await log.until(isUp(source, not))).pid);

const isGone = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
};

const registeredAs = (id: string, state: Instance['state'], startedAt: number): Instance => ({
  id,
  model: 'steady',
  state,
  contractHash: '',
  slots: 1,
  inFlight: 0,
  endpoint: '',
  image: '',
  runtimeVersion: '',
  startedAt,
  heartbeatAt: startedAt,
  expiresAt: startedAt + 30_000,
});

describe('a supervised instance', () => {
  it('is started again after a crash, under the same id, and the log says why it ended', async () => {
    const { log } = supervise({ scripts: { steady: OBEDIENT } });
    const first = await upPid(log, 'steady-1');

    process.kill(first, 'SIGKILL');
    const second = await upPid(log, 'steady-1', first);
    const crash = await log.until(({ message }) => message.includes('Restarting in'));

    expect(second).not.toBe(first);
    expect(crash).toMatchObject({ level: 'error', source: 'steady-1', signal: 'SIGKILL', exit_code: null });
    expect(crash.message).toMatch(/^Was killed by SIGKILL\. Restarting in \d+\.\d s\.$/);
  });

  it('names the error of an uncaught exception rather than its stack', async () => {
    const { log } = supervise({ scripts: { broken: CRASHING } });

    const crash = await log.until(({ message }) => message.includes('Restarting in'));

    expect(crash).toMatchObject({ exit_code: 1, last_error: 'RangeError: weights are missing' });
  });

  it('names the reason that the instance logged itself', async () => {
    const { log } = supervise({ scripts: { broken: FAILING } });

    const crash = await log.until(({ message }) => message.includes('Restarting in'));

    expect(crash).toMatchObject({ exit_code: 3, last_error: 'setup failed: no weights' });
  });

  it('waits between the first and the longest delay after each crash', async () => {
    const delays: number[] = [];
    const clock = { now: () => Date.now(), sleep: async (ms: number) => void delays.push(ms) };
    const log = recordedTerminal();
    const supervisor = new Supervisor(
      {
        models: [
          { folder: '/models/broken', kind: 'typescript', manifest: { name: 'broken', description: 'A test.' } },
        ],
        command: () => ({ arguments: ['-e', 'process.exit(1)'], environment: {} }),
        registry: registryOf(() => []),
        terminal: log.terminal,
        clock,
      },
      { firstBackoffMs: 1_000, longestBackoffMs: 3_000 },
    );
    supervisors.push(supervisor);

    supervisor.startAll();
    await log.until(() => delays.length >= 6);
    const waited = delays.slice();
    supervisor.killAll();

    expect(waited.filter((ms) => ms < 1_000 || ms > 3_000)).toEqual([]);
    expect(waited[0]).toBeLessThanOrEqual(2_000);
  });

  it('is not started again when it ends by itself with exit code 0', async () => {
    const { supervisor, log } = supervise({ scripts: { done: '' } });

    await log.until(({ message }) => message === 'The process ended.');
    await supervisor.stopAll();

    expect(await supervisor.list('done')).toEqual([]);
    expect(log.events.filter(({ message }) => message === 'Starting.')).toHaveLength(1);
  });

  it('is killed when it has not stopped in time', async () => {
    const { supervisor, log } = supervise({ scripts: { steady: STUBBORN }, timing: { ...QUICK, stopTimeoutMs: 50 } });
    const pid = await upPid(log, 'steady-1');

    await supervisor.stopAll();

    expect(isGone(pid)).toBe(true);
    expect(log.events).toContainEqual(expect.objectContaining({ message: 'Was killed by SIGKILL during its stop.' }));
  });

  it('tells all it said before it ended, text on both streams included', async () => {
    const { log } = supervise({
      scripts: {
        chatty: `for (let i = 0; i < 2000; i++) console.log('line ' + i); process.stderr.write('unfinished')`,
      },
    });

    await log.until(({ message }) => message === 'The process ended.');

    const said = log.events.map(({ message }) => message);
    const stopped = said.indexOf('The process ended.');
    expect(said.slice(0, stopped).filter((message) => message.startsWith('line '))).toHaveLength(2000);
    expect(said.indexOf('unfinished')).toBeLessThan(stopped);
  });
});

describe('the supervisor', () => {
  it('leaves the other models unharmed while one keeps crashing', async () => {
    const { log } = supervise({ scripts: { broken: CRASHING, steady: OBEDIENT } });
    const pid = await upPid(log, 'steady-1');

    const crashes = () => log.events.filter(({ message }) => message.includes('Restarting in'));
    await log.until(() => crashes().length >= 3);

    expect(isGone(pid)).toBe(false);
    expect(crashes().every(({ source }) => source === 'broken-1')).toBe(true);
  });

  it('starts as many instances as the manifest asks for, its variants in turn', async () => {
    const { supervisor } = supervise({
      scripts: { steady: OBEDIENT },
      manifest: { localInstances: 3, variants: ['Small', 'Large'] },
    });

    const variants = (await supervisor.list('steady')).map(({ id, variant }) => [id, variant]);

    expect(variants).toEqual([
      ['steady-1', 'Small'],
      ['steady-2', 'Large'],
      ['steady-3', 'Small'],
    ]);
  });

  it('lets every instance finish when it stops', async () => {
    const { supervisor, log } = supervise({ scripts: { steady: OBEDIENT, other: OBEDIENT } });
    const pids = await Promise.all([upPid(log, 'steady-1'), upPid(log, 'other-1')]);

    await supervisor.stopAll();

    expect(pids.map(isGone)).toEqual([true, true]);
    expect(log.events.filter(({ message }) => message === 'obeyed')).toHaveLength(2);
  });

  it('shows an instance as starting until the process that runs now is registered as ready', async () => {
    let registered: readonly Instance[] = [];
    const { supervisor, log } = supervise({ scripts: { steady: OBEDIENT }, registered: () => registered });
    await upPid(log, 'steady-1');

    const before = await supervisor.list('steady');
    registered = [registeredAs('steady-1', 'ready', Date.now() - 60_000)];
    const fromBeforeTheCrash = await supervisor.list('steady');
    registered = [registeredAs('steady-1', 'ready', Date.now())];
    const after = await supervisor.list('steady');
    void supervisor.stop('steady', 'steady-1');
    const stopping = await supervisor.list('steady');

    expect([before, fromBeforeTheCrash, after, stopping].map(([instance]) => instance?.state)).toEqual([
      'starting',
      'starting',
      'ready',
      'draining',
    ]);
  });

  it('launches one more instance and stops it again, twice without harm', async () => {
    const { supervisor, log } = supervise({
      scripts: { steady: OBEDIENT },
      manifest: { variants: ['Small', 'Large'] },
    });

    const launched = await supervisor.launch('steady', 'Large');
    const pid = await upPid(log, launched.id);
    const stopped = [await supervisor.stop('steady', launched.id), await supervisor.stop('steady', launched.id)];
    await log.until(({ source, message }) => source === launched.id && message === 'The process ended.');

    expect(launched).toMatchObject({ id: 'steady-2', variant: 'Large', state: 'starting' });
    expect(stopped).toEqual([true, true]);
    expect(isGone(pid)).toBe(true);
  });

  it('refuses what it does not run: another model, another variant, an instance of another model', async () => {
    const { supervisor } = supervise({ scripts: { steady: OBEDIENT, other: OBEDIENT } });

    await expect(supervisor.launch('unknown')).rejects.toMatchObject({ code: 'model_not_found' });
    await expect(supervisor.launch('steady', 'Huge')).rejects.toMatchObject({ code: 'invalid_request' });
    expect(await supervisor.stop('other', 'steady-1')).toBe(false);
    expect(await supervisor.stop('steady', 'steady-9')).toBe(false);
  });
});
