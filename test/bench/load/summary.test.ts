import { describe, expect, it } from 'vitest';
import { jsonOf } from './report.ts';
import { late, syntheticRun, syntheticSamples } from './synthetic-run.ts';
import { textOf } from './words.ts';

const REFUSED = { what: '503 queue-unavailable', status: 503, detail: 'The queue cannot be reached.' };
const NOT_SENT = 'not sent: 2 were under way';

describe('the summary of a run', () => {
  it('counts throughput, latency and what else came, most frequent first', () => {
    const kinds = ['succeeded', 'succeeded', REFUSED.what, NOT_SENT];
    const run = syntheticRun(
      syntheticSamples(100, 100, {
        tookMs: (index) => (index % 4 === 3 ? undefined : index % 4 === 2 ? 1 : 40),
        what: (index) => String(index < 8 ? kinds[index % 4] : index % 4 === 3 ? REFUSED.what : kinds[index % 4]),
      }),
      { firsts: [REFUSED] },
    );

    expect(run.summary).toMatchObject({
      requests: 100,
      succeeded: 50,
      throughput: 5,
      latencyMs: { p50: 40, p90: 40, p99: 40, max: 40 },
      latencyOfAllMs: { p50: 40, max: 40 },
      errors: [
        { what: REFUSED.what, status: 503, count: 48, detail: REFUSED.detail },
        { what: NOT_SENT, count: 2 },
      ],
    });
    expect(textOf(run.summary).split('\n')).toEqual([
      'model_a at http://api.test, 10 a second for 10 s',
      '  succeeded    50 of 100 (50 %), 5 a second',
      '  latency ms   p50 40.0, p90 40.0, p99 40.0, max 40.0',
      '  all, ms      p50 40.0, p90 40.0, p99 40.0, max 40.0',
      '  48 × 503 queue-unavailable: The queue cannot be reached.',
      '  2 × not sent: 2 were under way',
      '  The client sent at most 1.0 ms late.',
    ]);
  });

  it('spreads successes over the time until the last of them was there', () => {
    const run = syntheticRun(syntheticSamples(100, 100, { tookMs: (index) => (index === 99 ? 10_100 : 5) }));

    expect(run.summary.throughput).toBe(5);
  });

  it('says what a reader must know: a late sender, an outage, an end before its time', () => {
    const run = syntheticRun(syntheticSamples(1, 0, { tookMs: () => 5, what: () => 'expired' }), {
      unfinished: 7,
      wasStopped: true,
      askedAgain: new Map([['503', 2]]),
      sentLateMs: late(250),
    });

    expect(textOf(run.summary)).toMatch(/10 a second for 10 s of 10 s, then stopped/);
    expect(textOf(run.summary).split('\n').slice(-4)).toEqual([
      '  7 were in flight when the run was stopped; no other figure includes them.',
      '  Accepted tasks were polled again after 2 × 503.',
      '  The client sent at most 250 ms late: it was the bottleneck.',
      '  Every request was the example of the model\'s schema, {"data":"example"}. Use --body for another.',
    ]);
  });

  it.each([
    ['blames the client for most of the latency', late(250), 300, ': it was the bottleneck'],
    ['does not blame it for a small part of the latency', late(250), 60_000, ''],
    ['does not blame it for one late request of many', { ...late(1), max: 400 }, 2, ''],
  ])('%s', (_, sentLateMs, tookMs, verdict) => {
    const run = syntheticRun(syntheticSamples(1000, 1, { tookMs: () => tookMs }), { sentLateMs });

    expect(textOf(run.summary)).toContain(`The client sent at most ${sentLateMs.max} ms late${verdict}.`);
  });

  it('never rounds up to all', () => {
    const run = syntheticRun(
      syntheticSamples(100_000, 1, { tookMs: () => 1, what: (index) => (index === 7 ? 'expired' : 'succeeded') }),
    );

    expect(textOf(run.summary)).toContain('99999 of 100000 (99.99 %)');
  });
});

describe('the JSON report', () => {
  it('has every sample of a usual run', () => {
    const { summary, samples } = syntheticRun(syntheticSamples(6000, 5, { tookMs: (index) => index / 7 }));

    const report = JSON.parse(jsonOf(summary, samples));

    expect(report.samplesAreEvery).toBe(1);
    expect(report.samples).toHaveLength(6000);
    expect(report.samples[1]).toEqual({ atMs: 5, tookMs: 0.14, what: 'succeeded' });
    expect(report.summary).toEqual(JSON.parse(JSON.stringify(summary)));
  });

  it('thins the samples of a long run evenly, says so, and keeps the figures of all', () => {
    const { summary, samples } = syntheticRun(
      syntheticSamples(250_000, 0.04, { tookMs: (index) => (index === 7 ? 9000 : 5) }),
    );

    const text = jsonOf(summary, samples);

    const report = JSON.parse(text);
    expect(text.length).toBeLessThan(1_000_000);
    expect(report.samplesAreEvery).toBe(25);
    expect(report.samples).toHaveLength(10_000);
    expect(report.summary).toMatchObject({ requests: 250_000, latencyMs: { max: 9000 } });
  });

  it('can be read when nothing came', () => {
    const { summary, samples } = syntheticRun([]);

    const report = JSON.parse(jsonOf(summary, samples));

    expect(report.samples).toEqual([]);
    expect(report.summary).toMatchObject({ requests: 0, succeeded: 0, throughput: 0, errors: [] });
  });
});
