import { describe, expect, it } from 'vitest';
import { CONTAINER_OPERATION, logicalDates, type Pipeline, pipelineFault, type Stage } from '#core';

const pipelineOf = (...stages: Pipeline['stages']): Pipeline => ({ name: 'weekly', stages });

describe('the definition of a pipeline', () => {
  it('is valid with known edges and no cycle', () => {
    const pipeline = pipelineOf(
      { name: 'train', uses: 'training.train', after: ['clean'] },
      { name: 'clean', uses: 'preprocessing.clean', params: { recipe: 'firms' } },
    );

    expect(pipelineFault(pipeline)).toBeUndefined();
  });

  it.each([
    ['no stages', pipelineOf(), 'pipeline.stages'],
    ['a bad stage name', pipelineOf({ name: 'Train', uses: 'a.b' }), 'pipeline.stages.0.name'],
    ['a repeated stage', pipelineOf({ name: 'a', uses: 'a.b' }, { name: 'a', uses: 'a.b' }), 'pipeline.stages.1.name'],
    ['an unknown edge', pipelineOf({ name: 'a', uses: 'a.b', after: ['b'] }), 'pipeline.stages.0.after'],
    ['no operation', pipelineOf({ name: 'a', uses: 'train' }), 'pipeline.stages.0.uses'],
    [
      'a cycle',
      pipelineOf({ name: 'a', uses: 'a.b', after: ['b'] }, { name: 'b', uses: 'a.b', after: ['a'] }),
      'pipeline.stages',
    ],
    ['a bad name', { ...pipelineOf({ name: 'a', uses: 'a.b' }), name: 'Weekly' }, 'pipeline.name'],
    [
      'a bad retraining',
      { ...pipelineOf({ name: 'a', uses: 'a.b' }), retraining: { model: 'm', window_seconds: 0 } },
      'pipeline.retraining.window_seconds',
    ],
    ['parameters in a list', pipelineOf({ name: 'a', uses: 'a.b', params: [] as never }), 'pipeline.stages.0.params'],
  ])('is refused with %s', (_, pipeline, path) => {
    expect(pipelineFault(pipeline)?.path).toBe(path);
  });

  it('may be retrained', () => {
    const pipeline = pipelineOf({ name: 'a', uses: 'a.b' });

    expect(pipelineFault({ ...pipeline, retraining: { model: 'm' } })).toBeUndefined();
    expect(
      pipelineFault({ ...pipeline, retraining: { model: 'm', on_drift: false, window_seconds: 60 } }),
    ).toBeUndefined();
  });
});

describe('a stage with a container', () => {
  const container = { name: 'a', uses: CONTAINER_OPERATION, image: 'docker.io/library/busybox:1.37' };

  it('has its image, and may have a command and named inputs', () => {
    const whole = { ...container, command: ['sh', '-c', 'true'], inputs: { 'rows.csv': 'a hash' } };

    expect(pipelineFault(pipelineOf(container))).toBeUndefined();
    expect(pipelineFault(pipelineOf(whole))).toBeUndefined();
  });

  it.each([
    ['image', { name: 'a', uses: CONTAINER_OPERATION }],
    ['image', { name: 'a', uses: 'a.b', command: ['sh'] }],
    ['image', { name: 'a', uses: 'a.b', inputs: {} }],
    ['uses', { ...container, uses: 'a.b' }],
    ['image', { ...container, image: '--privileged' }],
    ['image', { ...container, image: 'a b' }],
    ['image', { ...container, image: `a${'b'.repeat(255)}` }],
    ['image', { ...container, image: 3 }],
    ['command', { ...container, command: 'sh' }],
    ['command', { ...container, command: ['sh', 3] }],
    ['inputs', { ...container, inputs: [] }],
    ['inputs', { ...container, inputs: { good: 'h', '../bad': 'h' } }],
    ['inputs', { ...container, inputs: { 'a/b': 'h' } }],
    ['inputs', { ...container, inputs: { ['x'.repeat(101)]: 'h' } }],
  ])('is refused by its %s: %o', (field, stage) => {
    expect(pipelineFault(pipelineOf(stage as Stage))?.path).toBe(`pipeline.stages.0.${field}`);
  });
});

describe('the logical dates of a backfill', () => {
  it('are in order, with the last day of shorter months', () => {
    expect(logicalDates('2026-01-31', '2026-04-30', 'month')).toEqual([
      '2026-01-31',
      '2026-02-28',
      '2026-03-31',
      '2026-04-30',
    ]);
  });

  it('may be one', () => {
    expect(logicalDates('2026-01-31', '2026-01-31', 'month')).toEqual(['2026-01-31']);
  });

  it('cross daylight saving and leap days', () => {
    expect(logicalDates('2024-02-27', '2024-03-01', 'day')).toEqual([
      '2024-02-27',
      '2024-02-28',
      '2024-02-29',
      '2024-03-01',
    ]);
    expect(logicalDates('2026-01-01', '2026-01-20', 'week')).toHaveLength(3);
  });

  it.each([
    ['2026-02-30', '2026-03-01'],
    ['2026-03-01', '2026-02-01'],
    ['yesterday', '2026-02-01'],
    ['1900-01-01', '2026-02-01'],
    ['2026-01-01T00:00:00Z', '2026-02-01'],
    ['+2026-01-01', '2026-02-01'],
    ['2026-1-1', '2026-02-01'],
    ['2026-01', '2026-02-01'],
    ['2026-13-01', '2026-02-01'],
  ])('from %s to %s are refused', (from, to) => {
    expect(() => logicalDates(from, to, 'day')).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });
});
