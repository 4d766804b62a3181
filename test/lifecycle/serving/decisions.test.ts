import { beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '#core';
import type { Lifecycle } from '#lifecycle/lifecycle.ts';
import { listDeployments } from '#lifecycle/serving/deployments.ts';
import { useLifecycle } from '#test/lifecycle/support.ts';
import { openWithVersions } from './support.ts';

const lifecycles = useLifecycle();
const MODEL = 'rates';

describe('a roll-out', () => {
  let lifecycle: Lifecycle;

  const stage = (name: string, args: JsonObject = {}) =>
    lifecycles.run(lifecycle, 'serving', name, { model: MODEL, ...args });
  const deploy = (version: string, more: JsonObject = {}) => stage('deploy', { version, ...more });
  const champion = async () =>
    (await lifecycle.ask('training', 'version', { model: MODEL, version: 'champion' })).version;

  beforeEach(async () => {
    lifecycle = await openWithVersions(lifecycles, MODEL);
    await deploy('1', { force: true });
  });

  it('ends by a call that names its version, and no other version is rolled back instead', async () => {
    await deploy('2', { force: true, guard_seconds: 0 });
    await deploy('3', { strategy: 'shadow' });

    await expect(stage('roll-back', { version: '2' })).rejects.toMatchObject({ code: 'conflict' });
    expect(await stage('roll-back', { version: '3' })).toMatchObject({ state: 'rolled_back', version: '3' });
    await expect(stage('roll-back', { version: '3' })).rejects.toMatchObject({
      code: 'conflict',
      message: 'Version 3 cannot be rolled back: it is version 2 that would be rolled back.',
    });

    expect(await champion()).toBe('2');
    expect(await stage('roll-back', { version: 2 })).toMatchObject({ kind: 'rollback', version: '1' });
  });

  it('that starts while other versions are deployed runs beside the deployed one', async () => {
    const orders = [
      { version: '2', force: true },
      { version: '3', strategy: 'shadow' },
      { version: '3', force: true },
      { version: '2', strategy: 'shadow' },
    ];
    await Promise.allSettled(orders.map(({ version, ...more }) => deploy(version, { ...more, guard_seconds: 0 })));

    const decisions = (await listDeployments(lifecycle, MODEL, 10)).toReversed();
    let deployed = '';
    for (const { state, version, previous } of decisions) {
      expect(previous).toBe(deployed);
      if (state === 'deployed') deployed = version;
    }
    expect(decisions.map(({ number }) => number)).toEqual(decisions.map((_, at) => at + 1));
  });

  it.each([
    ['strategy', { strategy: 'blue' }],
    ['share', { strategy: 'canary', share: 0 }],
    ['share', { strategy: 'canary', share: 1.1 }],
    ['share', { share: 0.5 }],
    ['share', { strategy: 'canary', share: '10 %' }],
    ['key', { strategy: 'canary', key: 'mood' }],
    ['rule', { strategy: 'canary', rule: 7 }],
    ['rule.min_samples', { strategy: 'canary', rule: { min_samples: 0 } }],
    ['rule.samples', { strategy: 'canary', rule: { samples: 5 } }],
    ['guard_seconds', { guard_seconds: -1 }],
    ['force', { force: 'yes' }],
    ['percent', { percent: 10 }],
  ])('names the wrong argument %s', async (name, args) => {
    await expect(deploy('2', args)).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining(name),
    });
  });

  it('of the deployed version is refused', async () => {
    await expect(deploy('1', { strategy: 'canary', force: true })).rejects.toMatchObject({ code: 'invalid_input' });
  });
});
