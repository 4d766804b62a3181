import { describe, expect, it } from 'vitest';
import { logicalDates, type Pipeline, pipelineFault } from '#core';

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
  ])('is refused with %s', (_, pipeline, path) => {
    expect(pipelineFault(pipeline)?.path).toBe(path);
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
  ])('from %s to %s are refused', (from, to) => {
    expect(() => logicalDates(from, to, 'day')).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });
});
