import { describe, expect, it } from 'vitest';
import { parseFilter, parseOrder } from '#lifecycle/training/mlflow/filter.ts';

describe('a filter of MLflow', () => {
  it('is a list of comparisons', () => {
    const text = `metrics.rmse < 1.5e-1 AND params."a b" = 'it''s' and tags.\`x.y\` LIKE 'bl%' and status != 'FAILED'`;

    expect(parseFilter(text)).toEqual([
      { kind: 'metric', key: 'rmse', operator: '<', value: 0.15 },
      { kind: 'param', key: 'a b', operator: '=', value: "it's" },
      { kind: 'tag', key: 'x.y', operator: 'LIKE', value: 'bl%' },
      { kind: 'attribute', key: 'status', operator: '!=', value: 'FAILED' },
    ]);
  });

  it('knows lists and missing values', () => {
    expect(parseFilter("attributes.run_id NOT IN ('a', 'b') AND tags.team IS NULL")).toEqual([
      { kind: 'attribute', key: 'run_id', operator: 'NOT IN', value: ['a', 'b'] },
      { kind: 'tag', key: 'team', operator: 'IS NULL', value: '' },
    ]);
  });

  it.each(['metrics.rmse <', 'metrics.rmse < 1 OR 1', 'rmse ~ 1', "nothing.x = 'a'", "name = 'a", 'run_id IN (1'])(
    'is refused as «%s»',
    (text) => {
      expect(() => parseFilter(text)).toThrow(expect.objectContaining({ code: 'INVALID_PARAMETER_VALUE' }));
    },
  );

  it('orders in both directions', () => {
    expect(parseOrder('metrics.rmse DESC')).toEqual({ kind: 'metric', key: 'rmse', direction: 'desc' });
    expect(parseOrder('start_time')).toEqual({ kind: 'attribute', key: 'start_time', direction: 'asc' });
  });
});
