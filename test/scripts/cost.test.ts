import { describe, expect, it } from 'vitest';
import { resource, resourcesOf, synthesize } from '#test/support/synthesize.ts';
import { TRACED_SHARE } from '../../lib/constructs/trace-sampling.ts';
import { STAGES } from '../../lib/stacks/stage-config.ts';
import { afterFreeTier, bill, dashboardMetrics, idleBill, total } from '../../scripts/cost/bill.ts';

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

    expect(estimated).toEqual(['Lambda time', 'Verified callers', 'Logs']);
  });

  it('counts the traces that the sampling rule of the stage lets through', async () => {
    const { template } = await synthesize('prod');

    template.hasResourceProperties('AWS::XRay::SamplingRule', {
      SamplingRule: { FixedRate: TRACED_SHARE, ReservoirSize: 0, ServiceName: 'modelyard-prod/*' },
    });
  });

  it('counts the metrics of alarms and of the dashboard that the stage with the most has', async () => {
    const { template, models } = await synthesize('lean');
    const { DashboardBody } = resource(template, 'AWS::CloudWatch::Dashboard', 'Dashboard').Properties;
    const body = JSON.parse(
      DashboardBody['Fn::Join'][1]
        .map((part: unknown) => (typeof part === 'string' ? part : JSON.stringify(part).replaceAll('"', "'")))
        .join(''),
    );
    const shown = (body.widgets as { properties: { metrics?: unknown[][] } }[])
      .flatMap(({ properties: { metrics = [] } }) => metrics)
      .filter(([namespace]) => typeof namespace === 'string');
    const watched = resourcesOf(template, 'AWS::CloudWatch::Alarm').flatMap(([, { Properties }]) =>
      ((Properties.Metrics ?? [{ MetricStat: {} }]) as { MetricStat?: object }[]).filter(
        ({ MetricStat }) => MetricStat,
      ),
    );

    const items = idleBill(models.length);

    const distinct = new Set(shown.map((row) => JSON.stringify(row.filter((cell) => typeof cell === 'string'))));
    expect(dashboardMetrics(models.length)).toBeGreaterThanOrEqual(distinct.size);
    expect(dashboardMetrics(models.length) - shown.length).toBeLessThanOrEqual(1);
    const ofAlarms = `${watched.length} metrics; the first 10 are free`;
    expect(items.find(({ name }) => name === 'Alarms')?.how).toBe(ofAlarms);
  });

  it('of a month in which three models sleep stays below $5', () => {
    expect(afterFreeTier(idleBill(3), 3)).toBeLessThanOrEqual(5);
  });
});
