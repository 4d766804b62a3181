import { beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '#core';
import { databaseOf, type Lifecycle } from '#lifecycle/lifecycle.ts';
import { manifest } from '#lifecycle/training/manifest.ts';
import { scorerOf } from '#lifecycle/versions/score.ts';
import { readVersionFiles } from '#lifecycle/versions/version-files.ts';
import { useLifecycle } from '#test/lifecycle/support.ts';
import { orderOf, storeTrainingSet } from './support.ts';

const lifecycles = useLifecycle();

describe('training a version', () => {
  let lifecycle: Lifecycle;
  let hash: string;
  let first: JsonObject;

  beforeAll(async () => {
    lifecycle = await lifecycles.open();
    hash = await storeTrainingSet(lifecycle);
    first = await lifecycles.run(lifecycle, 'training', 'train', orderOf(hash));
  });

  it('beats the persistence baseline on the newest fifth of the times', () => {
    const metrics = first.metrics as Readonly<Record<string, number>>;

    expect(first).toMatchObject({ model: 'rates', version: '1' });
    expect(metrics).toMatchObject({ train_rows: 144, holdout_rows: 36, incomplete_rows: 0 });
    expect(metrics.rmse).toBeLessThan(metrics.baseline_rmse as number);
    expect(metrics.baseline_rmse).toBeGreaterThan(0.05);
  });

  it('records what it was made of, and an event', async () => {
    const version = await lifecycle.ask('training', 'version', { model: 'rates', version: '1' });
    const { query } = await databaseOf(lifecycle, manifest);
    const events = await query.selectFrom('outbox').selectAll().execute();

    expect(version.facts).toMatchObject({ data_hash: hash, artifact: first.artifact });
    expect(version.facts).toHaveProperty('code_hash', expect.stringMatching(/^[0-9a-f]{64}$/));
    expect(JSON.parse((version.facts as Record<string, string>).environment ?? '')).toHaveProperty('node');
    expect(events.map(({ type }) => type)).toEqual(['version.trained']);
  });

  it('again is the same version', async () => {
    expect(await lifecycles.run(lifecycle, 'training', 'train', orderOf(hash))).toEqual(first);
  });

  it('with other parameters is another one', async () => {
    const other = await lifecycles.run(lifecycle, 'training', 'train', orderOf(hash, { params: { alpha: 50 } }));

    expect(other.version).toBe('2');
    expect(other.artifact).not.toBe(first.artifact);
  });

  it('elsewhere has the same bytes, and they answer like the version', async () => {
    const elsewhere = await lifecycles.open();
    await storeTrainingSet(elsewhere);
    const again = await lifecycles.run(elsewhere, 'training', 'train', orderOf(hash));

    expect(again.artifact).toBe(first.artifact);
    const files = await readVersionFiles(elsewhere.stores.artifacts, String(again.artifact));
    const score = await scorerOf((name) => elsewhere.stores.artifacts.read(files[name] as string), Object.keys(files));
    const [answer] = await score([[3, -0.1]]);
    expect(answer).toBeCloseTo(2.9, 1);
  });

  it('holds out later rows only, and counts incomplete ones', async () => {
    const gaps = await storeTrainingSet(
      lifecycle,
      `SELECT 'a' AS country, make_timestamp((2000 + t)::bigint, 1, 1, 0, 0, 0.0) AS year_end, t::double AS rate,
        CASE WHEN t % 10 = 0 THEN NULL ELSE 1.0 END AS change_1y, t + 1.0 AS next_rate FROM range(50) years(t)`,
    );

    const { metrics, version } = await lifecycles.run(lifecycle, 'training', 'train', orderOf(gaps));

    expect(metrics).toMatchObject({ incomplete_rows: 5, train_rows: 36, holdout_rows: 9 });
    const { facts } = await lifecycle.ask('training', 'version', { model: 'rates', version: String(version) });
    expect(facts).toMatchObject({ held_out_from: '2041-01-01T00:00:00Z' });
  });

  it.each([
    ['an unknown trainer', { trainer: 'oracle' }, 'There is no trainer oracle'],
    ['a path as a trainer', { trainer: '../training/service' }, 'There is no trainer'],
    ['a missing column', { features: ['nothing'] }, 'The training set cannot be read'],
    ['no hash', { training_set: 'x' }, 'The argument training_set must be'],
  ])('is refused with %s', async (_, more, message) => {
    const refused = lifecycles.run(lifecycle, 'training', 'train', orderOf(hash, more));

    await expect(refused).rejects.toMatchObject({ code: 'invalid_input', message: expect.stringContaining(message) });
  });
});
