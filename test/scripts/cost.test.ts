import { describe, expect, it } from 'vitest';
import { resource, resourcesOf, synthesize } from '#test/support/synthesize.ts';
import { BACKUP_DAYS } from '../../lib/constructs/dsql-backups.ts';
import { TRACED_SHARE } from '../../lib/constructs/trace-sampling.ts';
import { STAGES } from '../../lib/stacks/stage-config.ts';
import { afterFreeTier, bill, dashboardMetrics, idleBill, idleLifecycleBill, total } from '../../scripts/cost/bill.ts';
import { quotasOf } from '../../scripts/cost/quotas.ts';
import { spreadBill } from '../../scripts/cost/spread.ts';
import { storageBill } from '../../scripts/cost/storage.ts';

describe('the bill of a sleeping lifecycle', () => {
  it('has no compute and no databases, and is below three quarters of a dollar without its alarms', () => {
    const items = idleLifecycleBill(8, 2);

    const free = items.filter(({ name }) => ['Fargate', 'Aurora DSQL'].includes(name));
    expect(free.map(({ dollars }) => dollars)).toEqual([0, 0]);
    expect(total(items.filter(({ name }) => name !== 'Alarms'))).toBeLessThan(0.75);
    expect(total(items)).toBeLessThan(1.1);
  });
});

describe('the bill', { timeout: 120_000 }, () => {
  it('of a million predictions of 100 ms stays below $10.64', () => {
    const items = bill({ ...STAGES.prod, api: 'rest' }, { predictions: 1_000_000, ms: 100 });

    expect(total(items)).toBeLessThanOrEqual(10.64);
  });

  it('of the same on the lean stage stays below $4.11', () => {
    expect(STAGES.lean.api.submitUrl).toBe(true);
    const items = bill({ ...STAGES.lean, api: 'none' }, { predictions: 1_000_000, ms: 100 });

    expect(total(items)).toBeLessThanOrEqual(4.11);
  });

  it('has no limits of users where a stage turns them off', () => {
    const limits = (userLimits: 'all' | 'rates' | 'none') =>
      bill({ ...STAGES.prod, api: 'rest', userLimits }, { predictions: 1_000_000, ms: 1 }).find(
        ({ name }) => name === 'Limits of users',
      )?.dollars ?? 0;

    expect(limits('all')).toBeGreaterThan(limits('rates'));
    expect([limits('rates') > 0, limits('none')]).toEqual([true, 0]);
  });

  it('has no call log where a stage turns it off', () => {
    const named = (callDays: number) =>
      bill({ ...STAGES.prod, api: 'rest', callDays }, { predictions: 1, ms: 1 }).map(({ name }) => name);

    expect([named(30).includes('Call log'), named(0).includes('Call log')]).toEqual([true, false]);
  });

  it('says of every item whether it is measured', () => {
    const items = bill({ ...STAGES.prod, api: 'rest' }, { predictions: 1_000_000, ms: 100 });

    const estimated = items.filter(({ basis }) => basis === 'estimate').map(({ name }) => name);

    expect(estimated).toEqual(['Lambda time', 'Verified callers', 'Logs', 'Call log']);
  });

  it('counts the traces that the sampling rule of the stage lets through', { timeout: 120_000 }, async () => {
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

  it('of a month in which three models sleep stays below $5, before what is always free', () => {
    expect(total(idleBill(3))).toBeLessThanOrEqual(5);
    expect(afterFreeTier(idleBill(3), 3)).toBeLessThan(1);
  });
});

describe('the bill of predictions that come evenly over a month', () => {
  const spread = (predictions: number) => spreadBill({ ...STAGES.prod, api: 'rest' }, { predictions, ms: 100 });
  const dollars = (items: ReturnType<typeof spread>, name: string) =>
    items.find((item) => item.name === name)?.dollars ?? Number.NaN;

  it('stays below $14 on prod and below $7 on lean', () => {
    const lean = spreadBill({ ...STAGES.lean, api: 'none' }, { predictions: 1_000_000, ms: 100 });

    expect(total(spread(1_000_000))).toBeLessThanOrEqual(14);
    expect(total(lean)).toBeLessThanOrEqual(7);
  });

  it('pays for an address only where instances have one', () => {
    const named = spreadBill({ ...STAGES.dev, api: 'rest' }, { predictions: 1000, ms: 100 });

    expect(dollars(named, 'Public IPv4')).toBeCloseTo(730 * 0.005);
    expect(dollars(spread(1000), 'Public IPv4')).toBe(0);
  });

  it('pays for an instance that is awake all the time, however few they are', () => {
    expect(dollars(spread(1000), 'Fargate')).toBeCloseTo(dollars(spread(1_000_000), 'Fargate'));
  });

  it('pays for a receive and a delete of every prediction', () => {
    expect(dollars(spread(1_000_000), 'SQS requests')).toBeCloseTo(1.2);
  });

  it('is higher than that of a burst by what a month awake costs', () => {
    const burst = total(bill({ ...STAGES.prod, api: 'rest' }, { predictions: 1_000_000, ms: 100 }));

    expect(total(spread(1_000_000)) - burst).toBeGreaterThan(2);
  });
});

it('the bill of a gigabyte has the versions and backups of a stage that keeps its data', async () => {
  const { template } = await synthesize('prod');
  const [versions] = resourcesOf(template, 'AWS::S3::Bucket').flatMap(([, { Properties }]) =>
    (Properties.LifecycleConfiguration.Rules as { NoncurrentVersionExpiration?: { NoncurrentDays: number } }[]).flatMap(
      ({ NoncurrentVersionExpiration: found }) => found?.NoncurrentDays ?? [],
    ),
  );

  const priced = new Map(storageBill().map(({ name, dollars }) => [name, dollars]));

  expect(priced.get('Versions of payloads')).toBeCloseTo(((versions ?? Number.NaN) / 30.42) * 0.023, 4);
  expect(priced.get('Backups of Aurora DSQL')).toBeCloseTo(BACKUP_DAYS * 0.1);
});

it('quotas say what a stage may need, and what a new account has', () => {
  const needs = { ratePerSecond: 2000, heldMs: 130, instances: 30, vcpuEach: 0.25, alarms: 12, models: 3 };

  const short = quotasOf(needs).filter(({ needed, quota }) => needed > quota);

  expect(short.map(({ name, needed }) => [name, needed])).toEqual([['Fargate vCPUs', 8]]);
});
