import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { DEFAULT_RULE, type Deployment, type VersionPointer } from '#core';
import { DeployedVersion } from '#runtime/instance/deployed-version.ts';
import { RunningModel } from '#runtime/worker/running-model.ts';
import { useDataFolders } from '#test/support/data-folder.ts';
import { fakeModelBackend, HANGING } from '#test/support/fake-model-process.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { silentLogger } from '#test/support/silent-logger.ts';

const folders = useDataFolders();

async function versioned(faults: readonly Error[] = [], clock?: ManualClock) {
  const opened = await folders.open();
  const platform = { ...opened, ...(clock ? { clock } : {}) };
  const stores = await platform.lifecycle?.();
  if (!stores) throw new Error('There is no lifecycle.');
  const contracts = [{ hash: 'h', requestMessage: 'a.Q', responseMessage: 'a.A' }];
  const limits = { maxAttempts: 3, timeoutSeconds: 60, maxInstances: 1, acceptWhenAsleep: true };
  await platform.registry.writeModel({
    name: 'rates',
    description: 'Rates.',
    variants: [],
    limits,
    contracts,
    version: 1,
  });
  const { backend, processes } = fakeModelBackend({ name: 'rates' }, faults);
  const model = new RunningModel({ backend, clock: platform.clock, logger: silentLogger });
  await model.load();
  const logged: object[] = [];
  const log = { takes: (id: string) => id !== 'left-out', add: (answer: object) => void logged.push(answer) };
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
  const deployed = new DeployedVersion({ platform, model, name: 'rates', logger, log });
  await deployed.model.setUp(undefined, new AbortController().signal, await deployed.first());
  async function deploy(version: string, more: Partial<Deployment> = {}): Promise<Deployment> {
    const deployment = { ...(await store(version)), ...more };
    await point(deployment);
    return deployment;
  }
  async function store(version: string): Promise<VersionPointer> {
    const { hash } = (await stores?.artifacts.put(Buffer.from(`weights ${version}`))) ?? { hash: '' };
    const list = Buffer.from(JSON.stringify({ files: { 'model.json': hash } }));
    return { version, artifact: (await stores?.artifacts.put(list))?.hash ?? '' };
  }
  async function point(deployment: Deployment): Promise<void> {
    const row = await platform.registry.readModel('rates');
    if (row) await platform.registry.writeModel({ ...row, deployment, version: row.version + 1 });
  }
  const pointed = async () => (await platform.registry.readModel('rates'))?.deployment;
  const versions = () => processes.map(({ weights }) => weights?.version);
  return { platform, deployed, deploy, store, pointed, versions, processes, logged, warnings };
}

const RULE = { rule: DEFAULT_RULE, startedAt: 1 };

describe('the deployed version of an instance', () => {
  it('is the first that it serves, with its files', async () => {
    const { deployed, deploy } = await versioned();
    await deploy('1');

    const weights = await deployed.first();

    expect(weights?.version).toBe('1');
    expect(await readFile(join(weights?.folder ?? '', 'model.json'), 'utf8')).toBe('weights 1');
  });

  it('is set up once per deployment', async () => {
    const { deployed, deploy, versions } = await versioned();
    await deploy('1');

    await deployed.follow();
    await deployed.follow();
    await deploy('2');
    await deployed.follow();

    expect(versions()).toEqual([undefined, '1', '2']);
    expect(deployed.model.version).toBe('2');
  });

  it('is followed every two seconds, and a registry that is away is reported once', async () => {
    const clock = new ManualClock();
    const { platform, deployed, deploy, warnings } = await versioned([], clock);
    await deploy('1');
    const stop = new AbortController();
    deployed.keep(async () => undefined, stop.signal);
    await vi.waitFor(() => expect(deployed.model.version).toBe('1'));

    await deploy('2');
    await clock.advance(2000);
    await vi.waitFor(() => expect(deployed.model.version).toBe('2'));
    await platform.close();
    for (let at = 0; at < 3; at++) {
      await clock.advance(2000);
      await deployed.follow();
    }

    stop.abort();
    expect(warnings).toEqual(['The deployed version cannot be served yet.']);
  });

  it('that cannot be set up is not tried again, and the next one is', async () => {
    const { deployed, deploy, processes } = await versioned([undefined as never, new Error('The weights are broken.')]);
    await deploy('1');
    await deployed.follow();
    await deployed.follow();
    expect(processes).toHaveLength(2);

    await deploy('2');
    await deployed.follow();

    expect(deployed.model.version).toBe('2');
  });

  it('stays what it is while the registry is away', async () => {
    const { platform, deployed, deploy } = await versioned();
    await deploy('1');
    await deployed.follow();
    await platform.close();

    await deployed.follow();

    expect(deployed.model.version).toBe('1');
  });

  it('has a candidate beside it while one is rolled out, and shows its tally until its end is recorded', async () => {
    const clock = new ManualClock();
    const { deployed, deploy, store, versions } = await versioned([], clock);
    const candidate = { ...(await store('2')), ...RULE, strategy: 'canary', share: 0.1, key: 'task' } as const;
    await deploy('1', { candidate });

    await deployed.follow();

    expect(versions()).toEqual([undefined, '1', '2']);
    const { startedAt } = candidate;
    const tallies = [
      { version: '1', startedAt },
      { version: '2', startedAt },
    ];
    expect(deployed.model.tallies).toMatchObject(tallies);
    await deploy('1');
    await deployed.follow();
    expect(deployed.model.isRollingOut).toBe(false);
    expect(deployed.model.tallies).toMatchObject(tallies);
    await clock.advance(300_000);
    expect(deployed.model.tallies).toEqual([]);
  });

  it.each(['candidate', 'guard'])('ends the roll-out of a version that cannot be set up, by its %s', async (kind) => {
    const { deployed, deploy, store, pointed } = await versioned([
      ...[undefined as never, undefined as never],
      new Error('The weights are broken.'),
    ]);
    const old = await deploy('1');
    await deployed.follow();
    const more = { strategy: 'canary', share: 0.1, key: 'task' } as const;
    if (kind === 'candidate') await deploy('1', { candidate: { ...(await store('2')), ...RULE, ...more } });
    else await deploy('2', { guard: { ...old, ...RULE, until: Number.MAX_SAFE_INTEGER } });

    await deployed.follow();

    expect(deployed.model.version).toBe('1');
    expect(await pointed()).toMatchObject({
      ...old,
      rejected: { version: '2', reasons: [expect.stringContaining('The weights are broken.')] },
    });
  });

  it.each([
    ['ends the roll-out of a version that is not set up in time', false],
    ['follows what is deployed while a version hangs in its set-up', true],
  ])('%s', async (_, isReplaced) => {
    const clock = new ManualClock();
    const { deployed, deploy, store, pointed, versions } = await versioned(
      [undefined as never, undefined as never, HANGING],
      clock,
    );
    const old = await deploy('1');
    await deployed.follow();
    const more = { strategy: 'canary', share: 0.1, key: 'task' } as const;
    await deploy('1', { candidate: { ...(await store('2')), ...RULE, ...more } });

    let isOver = false;
    const following = deployed.follow().finally(() => {
      isOver = true;
    });
    await vi.waitFor(() => expect(versions()).toHaveLength(3));
    if (isReplaced) await deploy('3');
    while (!isOver) await clock.advance(2000);
    await following;
    await deployed.follow();

    expect(deployed.model.version).toBe(isReplaced ? '3' : '1');
    if (!isReplaced) {
      const reasons = [expect.stringContaining('not set up within 10 minutes')];
      expect(await pointed()).toMatchObject({ ...old, rejected: { version: '2', reasons } });
    }
  });

  it('gives way to the one before for all instances when it fails, whose counts a heartbeat has then', async () => {
    const { deployed, deploy, pointed, processes } = await versioned([], new ManualClock());
    const old = await deploy('1');
    await deployed.follow();
    await deploy('2', { guard: { ...old, ...RULE, until: Number.MAX_SAFE_INTEGER } });
    await deployed.follow();
    const beats: unknown[] = [];
    const stop = new AbortController();
    deployed.keep(async () => void beats.push([deployed.model.tallies, await pointed()]), stop.signal);

    for (let at = 0; at < 5; at++) {
      const run = deployed.model.run([{ taskId: `t${at}`, attempt: 1, trace: undefined, body: new Uint8Array() }]);
      processes[2]?.answer({ failure: { code: 'internal', message: 'Broken.', retryable: true } });
      await new Promise((resolve) => setImmediate(resolve));
      processes[1]?.answer({ response: Uint8Array.of(1) });
      expect(await run.outcomes[0]).toEqual({ response: Uint8Array.of(1) });
    }
    await vi.waitFor(async () => expect(await pointed()).toMatchObject({ ...old, rejected: { version: '2' } }));
    stop.abort();

    expect(deployed.model.version).toBe('1');
    const counts = [{ version: '2', tasks: 5, failed: 5 }, { version: '1' }];
    expect(beats).toMatchObject([[counts, { version: '2' }]]);
  });

  it('logs what a shadow would have answered', async () => {
    const { deployed, deploy, store, processes, logged } = await versioned();
    const candidate = { ...(await store('2')), ...RULE, strategy: 'shadow', share: 1, key: 'task' } as const;
    await deploy('1', { candidate });
    await deployed.follow();
    const source = { owner: 'ada', at: 7, contractHash: 'request' };

    for (const taskId of ['left-out', 't1']) {
      const run = deployed.model.run([{ taskId, source, attempt: 1, trace: undefined, body: Uint8Array.of(9) }]);
      processes[1]?.answer({ response: Uint8Array.of(1) });
      await run.outcomes[0];
      await vi.waitFor(() => expect(processes[2]?.open).toBe(1));
      processes[2]?.answer({ response: Uint8Array.of(2) });
      await new Promise((resolve) => setImmediate(resolve));
    }

    expect(logged).toEqual([
      {
        ...source,
        ...{ taskId: 't1', version: '2', shadow: true, responseHash: 'contract' },
        ...{ request: Uint8Array.of(9), response: Uint8Array.of(2) },
      },
    ]);
  });
});
