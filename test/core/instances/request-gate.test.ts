import { describe, expect, it } from 'vitest';
import { contractHash } from '#contract';
import { createRequestGate, type Instance, type ReceivedRequest, UNSERVED_PATIENCE_MS } from '#core';
import { createMemoryPlatform } from '#platform/memory.ts';
import { chainContract, requestUsing } from '#test/support/contract-chain.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { anInstance } from '#test/support/registry.ts';

/** A fleet of `model_a` as the instance of this version sees it. */
async function fleet(version: number) {
  const clock = new ManualClock();
  const platform = createMemoryPlatform({ clock });
  for (const each of [1, 2, 3]) await platform.contracts.put(chainContract(each));
  const gate = createRequestGate({ ...platform, model: 'model_a', contract: chainContract(version) });
  const loads: string[] = [];
  return {
    clock,
    platform,
    loads,
    /** Registers or renews an instance that speaks this version. */
    async beat(id: string, version: number, more: Partial<Instance> = {}) {
      const now = clock.now();
      const { hash } = chainContract(version);
      const times = { heartbeatAt: now, expiresAt: now + 30_000 };
      await platform.registry.putInstance(anInstance({ id, contractHash: hash, ...times, ...more }));
    },
    judge: (writer: number, used: number, more: Partial<ReceivedRequest> = {}) =>
      gate({
        taskId: 't1',
        contractHash: chainContract(writer).hash,
        deliveries: 1,
        async load() {
          loads.push('load');
          return requestUsing(used);
        },
        ...more,
      }),
  };
}

const RUN = { verdict: 'run' };

describe('the request gate', () => {
  it('lets an instance run what its own contract or an older one wrote, without loading it', async () => {
    const { judge, loads } = await fleet(2);

    expect([await judge(2, 2), await judge(1, 1)]).toEqual([RUN, RUN]);
    expect(loads).toEqual([]);
  });

  it('lets an older instance run a request of a newer contract that uses nothing new, and nothing else', async () => {
    const { judge, beat } = await fleet(1);
    await beat('new', 3);

    expect(await judge(3, 1)).toEqual(RUN);
    expect(await judge(3, 2)).toMatchObject({ verdict: 'release' });
  });

  it('learns of newer contracts while it runs', async () => {
    const { judge, platform, beat } = await fleet(1);
    await platform.contracts.put(chainContract(4));
    await beat('new', 4);

    expect([await judge(4, 1), await judge(4, 4)]).toEqual([RUN, { verdict: 'release', delaySeconds: 1 }]);
  });

  it.each<[string, Partial<Instance>, number[]]>([
    ['a second between rounds while it has a free slot', {}, [1, 1, 1, 1, 1, 1]],
    ['growing pauses between rounds while it is busy', { inFlight: 1 }, [1, 2, 4, 8, 10, 10]],
    ['growing pauses while its model is blocked', { condition: 'model_blocked' }, [1, 2, 4, 8, 10, 10]],
  ])('sends messages round at once while an instance that can read them receives, with %s', async (_, more, pauses) => {
    const { judge, beat } = await fleet(1);
    for (const id of ['a', 'b', 'c', 'd', 'e']) await beat(id, 1);
    await beat('new', 3, more);

    const delays: unknown[] = [];
    for (let deliveries = 1; deliveries <= 36; deliveries++) {
      const decision = await judge(3, 3, { deliveries });
      delays.push(decision.verdict === 'release' && decision.delaySeconds);
    }

    expect(delays).toEqual(pauses.flatMap((pause) => [0, 0, 0, 0, 0, pause]));
  });

  it('counts instances of contracts between as readers of what they know', async () => {
    const { judge, beat, clock } = await fleet(1);
    await beat('middle', 2);

    await judge(3, 2);
    await clock.advance(UNSERVED_PATIENCE_MS);
    await beat('middle', 2);

    expect([await judge(3, 2), await judge(3, 3, { taskId: 't2' })]).toMatchObject([
      { verdict: 'release' },
      { verdict: 'release' },
    ]);
  });

  it('gives up what no live instance could read for a quarter of an hour, and says why', async () => {
    const { judge, beat, clock } = await fleet(1);
    await beat('old', 1);
    const verdicts: unknown[] = [];
    for (const waitMs of [0, UNSERVED_PATIENCE_MS - 1, 1]) {
      await clock.advance(waitMs);
      await beat('old', 1);
      verdicts.push(await judge(3, 3));
    }

    expect(verdicts).toMatchObject([
      { verdict: 'release' },
      { verdict: 'release' },
      {
        verdict: 'reject',
        reason: { code: 'contract_unserved', message: expect.stringContaining(chainContract(3).hash.slice(0, 12)) },
      },
    ]);
  });

  it.each(['ready', 'starting'] as const)('starts to wait anew when one that can read it is %s', async (state) => {
    const { judge, beat, clock } = await fleet(1);
    const verdicts: unknown[] = [];
    for (const step of [1, 2, 3]) {
      if (step === 2) await beat('new', 3, { state });
      verdicts.push(await judge(3, 3));
      await clock.advance(UNSERVED_PATIENCE_MS - 1);
    }

    expect(verdicts).toMatchObject([{ verdict: 'release' }, { verdict: 'release' }, { verdict: 'release' }]);
  });

  it('does not wait for one that is draining or dead', async () => {
    const { judge, beat, clock } = await fleet(1);
    await beat('dead', 3);
    await clock.advance(40_000);
    await beat('leaving', 3, { state: 'draining' });
    await judge(3, 3);
    await clock.advance(UNSERVED_PATIENCE_MS);
    await beat('leaving', 3, { state: 'draining' });

    expect(await judge(3, 3)).toMatchObject({ verdict: 'reject' });
  });

  it('reads nothing of a contract that nobody knows', async () => {
    const { judge } = await fleet(1);

    expect(await judge(1, 1, { contractHash: 'unknown' })).toMatchObject({ verdict: 'release' });
  });

  it('reads nothing of a contract that cannot be read itself', async () => {
    const { judge, platform } = await fleet(1);
    const damaged = { ...chainContract(1), descriptorSet: Uint8Array.of(1, 2, 3) };
    const contract = { ...damaged, hash: contractHash(damaged) };
    await platform.contracts.put(contract);

    expect(await judge(1, 1, { contractHash: contract.hash })).toMatchObject({ verdict: 'release' });
  });

  it('rejects while the registry cannot say who is alive, and decides nothing', async () => {
    const { judge, platform } = await fleet(1);
    platform.registry.reachable = false;

    await expect(judge(3, 3)).rejects.toMatchObject({ code: 'registry_unavailable', retryable: true });
    expect(await judge(3, 1)).toEqual(RUN);
  });

  it('reads the registry at most once in two seconds, however many requests it cannot read', async () => {
    const { judge, platform, clock, beat } = await fleet(1);
    await beat('new', 3);
    let reads = 0;
    const snapshot = platform.registry.snapshot.bind(platform.registry);
    platform.registry.snapshot = () => {
      reads++;
      return snapshot();
    };

    for (let i = 0; i < 100; i++) await judge(3, 3, { taskId: `t${i}` });
    await clock.advance(2000);
    await judge(3, 3);

    expect(reads).toBe(2);
  });
});
