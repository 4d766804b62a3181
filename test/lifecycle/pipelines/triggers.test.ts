import { beforeEach, describe, expect, it } from 'vitest';
import { DAY_MS, type Pipeline, pipelineFault } from '#core';
import type { Lifecycle } from '#lifecycle/lifecycle.ts';
import { pipelines } from '#lifecycle/pipelines/service.ts';
import { pipelinesDatabase } from '#lifecycle/pipelines/stored-runs.ts';
import { relayAll } from '#lifecycle/relay.ts';
import { useLifecycle } from '#test/lifecycle/support.ts';

const lifecycles = useLifecycle();
const stages = [{ name: 'clean', uses: 'preprocessing.run-recipe', params: { recipe: 'clean' } }];

describe('a trigger', () => {
  let lifecycle: Lifecycle;
  beforeEach(async () => {
    lifecycle = await lifecycles.open();
  });

  async function define(name: string, pipeline: Partial<Pipeline>): Promise<void> {
    const { query } = await pipelinesDatabase(lifecycle);
    const definition = JSON.stringify({ name, stages, ...pipeline });
    const updated_at = lifecycle.platform.clock.now();
    await query.insertInto('pipelines').values({ name, definition, owner: 'ada', updated_at }).execute();
  }

  /** Adds a version, as the stage behind `POST /datasets/{dataset}/files` does. */
  async function addVersion(dataset: string, value: number, on = lifecycle): Promise<void> {
    const { ensureDataset } = await import('#lifecycle/ingestion/datasets.ts');
    await ensureDataset(on, { name: dataset, owner: 'ada' }, {});
    const file = await on.stores.artifacts.put(Buffer.from(`id,power\n1,${value}\n`));
    const args = { dataset, file: { ...file, name: 'loads.csv', format: 'csv' }, source: 'upload' };
    await lifecycles.run(on, 'ingestion', 'ingest', args);
  }

  const runs = async () => {
    const { query } = await pipelinesDatabase(lifecycle);
    return query.selectFrom('runs').selectAll().orderBy('created_at').execute();
  };
  const tick = (on = lifecycle) => pipelines.tick?.(on, { since: Date.now() - 5000, until: Date.now() });

  it('starts one run for each version of its dataset, and says why', async () => {
    await define('hourly', { triggers: [{ event: 'dataset.versioned', dataset: 'loads' }] });
    await define('other', { triggers: [{ event: 'dataset.versioned', dataset: 'prices' }] });
    await define('by-hand', {});

    await addVersion('loads', 1);
    await addVersion('loads', 1);
    await addVersion('loads', 2);
    await relayAll(lifecycle);
    await tick();

    expect(await runs()).toMatchObject([
      { pipeline: 'hourly', owner: 'ada', cause: expect.stringMatching(/^event:/) },
      { pipeline: 'hourly', owner: 'ada', cause: expect.stringMatching(/^event:/) },
    ]);
    const { query } = await pipelinesDatabase(lifecycle);
    const lines = await query.selectFrom('log_lines').select('text').execute();
    expect(lines.map(({ text }) => text)).toEqual(Array(2).fill('Started by dataset.versioned of loads.'));
  });

  it('takes no event from before it was defined', async () => {
    await addVersion('loads', 1);
    await lifecycle.platform.clock.sleep(2);
    await define('hourly', { triggers: [{ event: 'dataset.versioned', dataset: 'loads' }] });

    await tick();

    expect(await runs()).toEqual([]);
  });

  it('catches up with a lost event once, also when several processes do so and days later', async () => {
    await define('hourly', { triggers: [{ event: 'dataset.versioned', dataset: 'loads' }] });
    const cutOff: Lifecycle = {
      ...lifecycle,
      stores: {
        ...lifecycle.stores,
        database: (service, migrations) =>
          service === 'pipelines' ? Promise.reject(new Error('away')) : lifecycle.stores.database(service, migrations),
      },
    };

    await addVersion('loads', 1, cutOff);
    await relayAll(lifecycle);
    expect(await runs()).toEqual([]);
    const now = Date.now() + 6 * DAY_MS;
    const later = {
      ...lifecycle,
      platform: { ...lifecycle.platform, clock: { ...lifecycle.platform.clock, now: () => now } },
    };
    await Promise.all([tick(later), tick(later), tick(later)]);
    await tick(later);

    expect(await runs()).toMatchObject([{ pipeline: 'hourly', state: 'running' }]);
  });

  it('names an event, what it is about, and nothing that its own stages cause', () => {
    const faultOf = (...triggers: unknown[]) => pipelineFault({ name: 'p', stages, triggers } as Pipeline)?.path;

    expect(faultOf({ event: 'dataset.versioned', dataset: 'loads' })).toBeUndefined();
    expect(faultOf({ event: 'dataset.cleaned', recipe: 'other' })).toBeUndefined();
    expect(faultOf({ event: 'dataset.cleaned', recipe: 'clean' })).toBe('pipeline.triggers.0');
    expect(faultOf({ event: 'window.computed', model: 'm' })).toBe('pipeline.triggers.0.event');
    expect(faultOf({ event: 'version.trained', dataset: 'loads' })).toBe('pipeline.triggers.0.model');
    expect(faultOf({ event: 'version.trained', model: 'm' }, 'dataset.versioned')).toBe('pipeline.triggers.1.event');
    expect(pipelineFault({ name: 'p', stages, triggers: {} } as never)?.path).toBe('pipeline.triggers');
  });
});
