import { describe, expect, it } from 'vitest';
import { synthesize } from '#test/support/synthesize.ts';
import { TRACED_SHARE } from '../../lib/constructs/trace-sampling.ts';
import { STAGES } from '../../lib/stacks/stage-config.ts';
import { afterFreeTier, bill, idleBill, total } from '../../scripts/cost/bill.ts';

describe('the bill', () => {
  it('of a million predictions of 100 ms stays below $10.64', () => {
    const items = bill({ ...STAGES.prod, api: 'rest' }, { predictions: 1_000_000, ms: 100 });

    expect(total(items)).toBeLessThanOrEqual(10.64);
  });

  it('of the same on the lean stage stays below $4.11', () => {
    expect(STAGES.lean.api.submitUrl).toBe(true);
    const items = bill({ ...STAGES.lean, api: 'none' }, { predictions: 1_000_000, ms: 100 });

    expect(total(items)).toBeLessThanOrEqual(4.11);
  });

  it('says of every item whether it is measured', () => {
    const items = bill({ ...STAGES.prod, api: 'rest' }, { predictions: 1_000_000, ms: 100 });

    const estimated = items.filter(({ basis }) => basis === 'estimated').map(({ name }) => name);

    expect(estimated).toEqual(['Lambda time', 'Logs']);
  });

  it('counts the traces that the sampling rule of the stage lets through', async () => {
    const { template } = await synthesize('prod');

    template.hasResourceProperties('AWS::XRay::SamplingRule', {
      SamplingRule: { FixedRate: TRACED_SHARE, ReservoirSize: 0, ServiceName: 'modelyard-prod/*' },
    });
  });

  it('of a month in which three models sleep stays below $5', () => {
    expect(afterFreeTier(idleBill(3), 3)).toBeLessThanOrEqual(5);
  });
});
