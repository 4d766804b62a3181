import { beforeEach, describe, expect, it } from 'vitest';
import { HEARTBEAT_TTL_MS, type Instance, type JsonObject, TallyCounter, withoutRejected } from '#core';
import type { Lifecycle } from '#lifecycle/lifecycle.ts';
import { assessRollout } from '#lifecycle/serving/assess-rollout.ts';
import { judgeRollouts } from '#lifecycle/serving/judge-rollouts.ts';
import { pointModel } from '#lifecycle/serving/point-model.ts';
import { listRollouts, presentRollout, runningRollout } from '#lifecycle/serving/rollouts.ts';
import { useLifecycle } from '#test/lifecycle/support.ts';
import { openWithVersions } from './support.ts';

const lifecycles = useLifecycle();
const MODEL = 'rates';
const SOON = { min_samples: 30, min_seconds: 0 };
/** Of 90 tasks of version 1 and 10 of version 2. */
const COUNTED = [
  { version: '2', tasks: 10 },
  { version: '1', tasks: 90 },
];
const never = new AbortController().signal;

/** Monitoring that has found these windows, the newest first. */
function monitoring(lifecycle: Lifecycle, windows: readonly JsonObject[]): Lifecycle {
  const { ask } = lifecycle;
  return {
    ...lifecycle,
    stores: { ...lifecycle.stores, hasDatabase: () => true },
    ask: async (service, query, args) => (service === 'monitoring' ? { windows } : ask(service, query, args)),
  };
}

const classes = (accuracy: number): JsonObject => ({ performance: { outcomes: 50, accuracy } });

describe('a roll-out', () => {
  let lifecycle: Lifecycle;

  const stage = (name: string, args: JsonObject = {}) =>
    lifecycles.run(lifecycle, 'serving', name, { model: MODEL, ...args });
  const deploy = (version: string, more: JsonObject = {}) => stage('deploy', { version, ...more });
  const pointer = async () => (await lifecycle.platform.registry.readModel(MODEL))?.deployment;
  const newest = async () => {
    const [row] = await listRollouts(lifecycle, MODEL, 1);
    return row && presentRollout(row);
  };
  const champion = async () =>
    (await lifecycle.ask('training', 'version', { model: MODEL, version: 'champion' })).version;

  /** An instance that has answered tasks of both versions, in the roll-out that runs unless told otherwise. */
  async function answered(
    counts: Readonly<Record<string, readonly [good: number, failed: number]>>,
    id = 'i1',
    startedAt?: number,
  ) {
    const started = startedAt ?? (await runningRollout(lifecycle, MODEL))?.started_at ?? 0;
    const now = lifecycle.platform.clock.now();
    const tallies = Object.entries(counts).map(([version, [good, failed]]) => {
      const counter = new TallyCounter(version);
      for (let at = 0; at < good; at++) counter.answered(2);
      for (let at = 0; at < failed; at++) counter.failed();
      return { ...counter.tally, startedAt: started };
    });
    const instance: Instance = {
      ...{ id, model: MODEL, state: 'ready', contractHash: 'h', slots: 1, inFlight: 0, tallies },
      ...{ endpoint: '', image: '', runtimeVersion: '', startedAt: now, heartbeatAt: now },
      expiresAt: now + HEARTBEAT_TTL_MS,
    };
    await lifecycle.platform.registry.putInstance(instance);
    await judgeRollouts(lifecycle, never);
  }

  beforeEach(async () => {
    lifecycle = await openWithVersions(lifecycles, MODEL);
    await deploy('1', { force: true });
  });

  it('by canary runs beside the deployed version, and is promoted by its rule', async () => {
    const started = await deploy('2', { strategy: 'canary', share: 0.2, key: 'entity', rule: SOON });

    expect(started).toMatchObject({ state: 'started', kind: 'canary', version: '2', previous: '1' });
    expect(await pointer()).toMatchObject({
      version: '1',
      candidate: { version: '2', strategy: 'canary', share: 0.2, key: 'entity' },
    });
    await answered({ '1': [100, 0], '2': [20, 0] });
    expect(await newest()).toMatchObject({ state: 'running' });
    await answered({ '1': [50, 0], '2': [10, 0] }, 'i2');

    expect(await newest()).toMatchObject({
      ...{ state: 'promoted', version: '2', champion: '1' },
      tallies: [
        { version: '2', tasks: 30, failed: 0, p50_ms: 2, p95_ms: 2 },
        { version: '1', tasks: 150 },
      ],
    });
    expect(await pointer()).toEqual({ version: '2', artifact: expect.any(String) });
    expect(await champion()).toBe('2');
  });

  it('ends when too many of its tasks fail, and says why', async () => {
    await deploy('2', { strategy: 'canary', rule: SOON });

    await answered({ '1': [100, 0], '2': [30, 10] });

    expect(await newest()).toMatchObject({
      state: 'rolled_back',
      reasons: ['It failed 10 of 40 tasks (25 %); the limit is 5 %.'],
    });
    expect(await pointer()).toEqual({ version: '1', artifact: expect.any(String) });
    expect(await champion()).toBe('1');
  });

  it('by canary needs to pass the gate, and by shadow only if it may be promoted', async () => {
    const refused = await deploy('3', { strategy: 'canary' });
    const ambitious = await deploy('3', { strategy: 'shadow', rule: { ...SOON, promote: true } });
    const shadow = await deploy('3', { strategy: 'shadow', rule: SOON });
    await answered({ '1': [100, 0], '3': [100, 0] });

    expect([refused, ambitious]).toMatchObject([{ state: 'refused' }, { state: 'refused' }]);
    expect(shadow).toMatchObject({ state: 'started', kind: 'shadow' });
    expect(await pointer()).toMatchObject({ version: '1', candidate: { version: '3', strategy: 'shadow', share: 1 } });
    expect(await newest()).toMatchObject({ state: 'running' });
  });

  it('of all tasks has the version before as its guard, for a time', async () => {
    await deploy('2', { guard_seconds: 0.05 });
    expect(await pointer()).toMatchObject({ version: '2', guard: { version: '1' } });

    await lifecycle.platform.clock.sleep(60);
    await judgeRollouts(lifecycle, never);

    expect(await newest()).toMatchObject({ strategy: 'guard', state: 'promoted' });
    expect(await pointer()).toEqual({ version: '2', artifact: expect.any(String) });
  });

  it.each([
    ['canary', { strategy: 'canary' }],
    ['guard', {}],
  ])('by %s that an instance has rejected is recorded once', async (_, more) => {
    await deploy('2', more);
    const { registry } = lifecycle.platform;
    const row = await registry.readModel(MODEL);
    if (!row?.deployment) throw new Error('Nothing is deployed.');
    const deployment = withoutRejected(row.deployment, { version: '2', reasons: ['It crashed.'], at: 1 });
    if (!deployment) throw new Error('Nothing is rolled out.');
    await registry.writeModel({ ...row, deployment, version: row.version + 1 });

    await pointModel(lifecycle, MODEL, never);
    expect(await pointer()).toEqual(deployment);
    await judgeRollouts(lifecycle, never);
    await judgeRollouts(lifecycle, never);

    expect(await newest()).toMatchObject({ state: 'rolled_back', version: '2', reasons: ['It crashed.'] });
    expect(await pointer()).toEqual({ version: '1', artifact: expect.any(String) });
    expect(await champion()).toBe('1');
    await deploy('2', { ...more, force: true });
    expect(await newest()).toMatchObject({ state: 'running', version: '2' });
  });

  it('ends by one call, which leaves the deployed version alone', async () => {
    await deploy('2', { strategy: 'canary' });
    await answered({ '1': [90, 0], '2': [10, 0] });

    const ended = await stage('roll-back');

    expect(ended).toMatchObject({ kind: 'rollback', state: 'rolled_back', version: '2', tallies: COUNTED });
    expect(await pointer()).toEqual({ version: '1', artifact: expect.any(String) });
  });

  it('is replaced by the next decision', async () => {
    await deploy('2', { strategy: 'canary' });
    await answered({ '1': [90, 0], '2': [10, 0] });

    await deploy('2', { guard_seconds: 0 });

    expect(await newest()).toMatchObject({ state: 'ended', tallies: COUNTED });
    expect(await pointer()).toEqual({ version: '2', artifact: expect.any(String) });
  });

  it('ends when the inputs of its version drift, and not by the drift of another version', async () => {
    await deploy('2', { strategy: 'canary' });
    const end = new Date(lifecycle.platform.clock.now() + 3_600_000).toISOString();
    const drift = { window: { start: end, end }, feature: 'rate', statistic: 'ks', value: 0.4, threshold: 0.05 };

    await stage('note-drift', { ...drift, version: '1' });
    expect(await newest()).toMatchObject({ state: 'running' });
    await stage('note-drift', { ...drift, version: '2' });

    expect(await newest()).toMatchObject({
      state: 'rolled_back',
      reasons: [expect.stringContaining('rate has drifted')],
    });
  });

  it.each([
    [
      'whose inputs drift',
      { drifted: true, drift: [{ feature: 'rate', drifted: true }] },
      'rolled_back',
      /rate drifted/,
    ],
    ['with a higher error in use', { performance: { outcomes: 50, rmse: 2 } }, 'running', /rmse of 2 on 50 outcomes/],
    ['with a lower error in use', { performance: { outcomes: 50, rmse: 0.5 } }, 'promoted', /rmse of 0.5/],
    [
      'with more wrong classes in use',
      classes(0),
      'running',
      /wrong classes of 1 on 50 outcomes .* 0.2 of/,
      classes(0.8),
    ],
    ['with fewer wrong classes in use', classes(0.9), 'promoted', /wrong classes of 0.1/, classes(0.8)],
  ])('of a version %s is %s', async (_, more, state, reason, before = { performance: { outcomes: 90, rmse: 1 } }) => {
    await deploy('2', { strategy: 'canary', rule: SOON });
    const end = new Date(lifecycle.platform.clock.now() + 3_600_000).toISOString();
    const window = { start: end, end, drifted: false, drift: [] };
    const windows = [
      { ...window, version: '1', ...before },
      { ...window, version: '2', performance: null, ...more },
    ];
    lifecycle = monitoring(lifecycle, windows);

    await answered({ '1': [100, 0], '2': [100, 0] });

    const [row] = await listRollouts(lifecycle, MODEL, 1);
    const shown = row && presentRollout(row, state === 'running' ? await assessRollout(lifecycle, row) : undefined);
    expect(shown).toMatchObject({ state, reasons: expect.arrayContaining([expect.stringMatching(reason)]) });
  });

  it('goes on, without a promotion, while its inputs drift as those of the version before do', async () => {
    await deploy('2', { strategy: 'canary', rule: SOON });
    const end = new Date(lifecycle.platform.clock.now() + 3_600_000).toISOString();
    const windowOf = (version: string, drifted: readonly string[], tested = ['age', 'rate']) => ({
      ...{ version, start: end, end, drifted: drifted.length > 0, performance: null },
      drift: tested.map((feature) => ({ feature, drifted: drifted.includes(feature) })),
    });
    const drift = { version: '2', window: { start: end, end }, statistic: 'ks', value: 0.4, threshold: 0.05 };
    const own = [windowOf('2', ['rate']), windowOf('1', [], [])];
    lifecycle = monitoring(lifecycle, [...own, windowOf('1', ['rate'])]);

    await stage('note-drift', { ...drift, feature: 'rate' });
    await answered({ '1': [100, 0], '2': [100, 0] });

    const [row] = await listRollouts(lifecycle, MODEL, 1);
    const { reasons } = row ? await assessRollout(lifecycle, row) : { reasons: [] };
    expect(await newest()).toMatchObject({ state: 'running' });
    expect(reasons).toContainEqual(expect.stringMatching(/^rate drifted .* as from that of version 1\.$/));
    expect(reasons.join()).not.toMatch(/No drift/);
    lifecycle = monitoring(lifecycle, [windowOf('2', []), ...own, windowOf('1', ['rate'])]);
    await judgeRollouts(lifecycle, never);
    expect(await newest()).toMatchObject({ state: 'promoted' });
  });

  it('ends when its inputs drift in what those of the version before do not', async () => {
    await deploy('2', { strategy: 'canary' });
    const end = new Date(lifecycle.platform.clock.now() + 3_600_000).toISOString();
    const before = { version: '1', start: end, end, drift: [{ feature: 'age', drifted: true }] };
    lifecycle = monitoring(lifecycle, [before]);
    const drift = { window: { start: end, end }, statistic: 'ks', value: 0.4, threshold: 0.05 };

    await stage('note-drift', { ...drift, version: '2', feature: 'rate' });

    expect(await newest()).toMatchObject({ state: 'rolled_back' });
  });

  it('counts nothing of the roll-out before, which heartbeats still have', async () => {
    await deploy('2', { strategy: 'canary', rule: SOON });
    const before = (await runningRollout(lifecycle, MODEL))?.started_at ?? 0;
    await stage('roll-back');
    await lifecycle.platform.clock.sleep(2);
    await deploy('2', { strategy: 'canary', rule: SOON });

    await answered({ '1': [100, 0], '2': [100, 0] }, 'i1', before);

    expect(await newest()).toMatchObject({ state: 'running', version: '2' });
    await answered({ '1': [100, 0], '2': [100, 0] });
    expect(await newest()).toMatchObject({ state: 'promoted', version: '2' });
  });

  it('counts only live instances', async () => {
    await deploy('2', { strategy: 'canary' });
    await answered({ '2': [10, 0] });
    await lifecycle.platform.registry.removeInstance(MODEL, 'i1');

    const [row] = await listRollouts(lifecycle, MODEL, 1);
    expect(row && (await assessRollout(lifecycle, row)).tallies.candidate.tasks).toBe(0);
  });
});
