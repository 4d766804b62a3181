import { beforeAll, describe, expect, it } from 'vitest';
import type { PipelineRun } from '#core';
import { continueBackfill } from '#lifecycle/pipelines/backfills.ts';
import { logOf } from '#lifecycle/pipelines/present-run.ts';
import { proceed, resumeRuns, startRun } from '#lifecycle/pipelines/start-runs.ts';
import { pipelinesDatabase, readRun, toStored } from '#lifecycle/pipelines/stored-runs.ts';
import { useLifecycle } from '#test/lifecycle/support.ts';
import { DIAMOND, KillableWorld } from './support.ts';

const lifecycles = useLifecycle();
let world: KillableWorld;

const OWNED = { pipeline: DIAMOND, owner: 'someone' };
const statesOf = ({ stages }: PipelineRun) => Object.values(stages).map(({ state }) => state);

async function newWorld(): Promise<KillableWorld> {
  const created = new KillableWorld(await lifecycles.open());
  created.answers['ingestion.ingest'] = () => ({ version: 7 });
  return created;
}

describe('a run', () => {
  beforeAll(async () => {
    world = await newWorld();
  });

  it('hands outputs on, and skips everything the second time', async () => {
    const first = await startRun(world.lifecycle, { ...OWNED, logicalDate: '2026-01-31' });
    await world.runTasks();
    const second = await startRun(world.lifecycle, { ...OWNED, logicalDate: '2026-01-31' });
    await world.runTasks();

    expect(statesOf((await readRun(world.lifecycle, first.id)).run)).toEqual(Array(4).fill('succeeded'));
    expect(statesOf((await readRun(world.lifecycle, second.id)).run)).toEqual(Array(4).fill('skipped'));
    expect([...world.performed.keys()]).toEqual([
      'ingestion.ingest {"date":"2026-01-31"}',
      'features.materialize {"version":7}',
      'preprocessing.clean {"version":"v-7"}',
      'training.train {"left":"features.materialize"}',
    ]);
  });

  it('runs again from a stage whose parameters were edited', async () => {
    const [ingest, left, right, train] = DIAMOND.stages;
    const edited = { ...DIAMOND, stages: [ingest, left, { ...right, params: { version: 'edited' } }, train] as never };

    const { id } = await startRun(world.lifecycle, { ...OWNED, pipeline: edited, logicalDate: '2026-01-31' });
    await world.runTasks();

    expect(statesOf((await readRun(world.lifecycle, id)).run)).toEqual(['skipped', 'skipped', 'succeeded', 'skipped']);
  });

  it('runs a stage again when an input has changed that is no parameter, and not for what the stage has changed', async () => {
    const inputs = await newWorld();
    let [newest, deployed] = [1, 'none'];
    inputs.inputs['features.materialize'] = { read: async () => ({ newest }) };
    inputs.inputs['training.train'] = {
      read: async () => ({ deployed }),
      left: (output) => ({ deployed: output.version }),
    };
    inputs.answers['training.train'] = () => {
      deployed = 'own';
      return { version: 'own' };
    };
    async function states() {
      const { id } = await startRun(inputs.lifecycle, { ...OWNED, logicalDate: '2026-01-31' });
      await inputs.runTasks();
      return statesOf((await readRun(inputs.lifecycle, id)).run);
    }

    const [, second] = [await states(), await states()];
    newest = 2;
    const third = await states();
    deployed = 'another';
    const fourth = await states();

    expect(second).toEqual(Array(4).fill('skipped'));
    expect(third).toEqual(['skipped', 'succeeded', 'skipped', 'skipped']);
    expect(fourth).toEqual(['skipped', 'skipped', 'skipped', 'succeeded']);
  });

  it('fails at a stage that answers that it has failed, and does not skip it the next time', async () => {
    const failing = await newWorld();
    failing.answers['preprocessing.clean'] = () => ({ state: 'failed', reason: 'The check x fails for 1 of 2 rows.' });

    for (let runs = 0; runs < 2; runs += 1) {
      const { id } = await startRun(failing.lifecycle, { ...OWNED, logicalDate: '2026-01-31' });
      await failing.runTasks();
      const { state, stages } = (await readRun(failing.lifecycle, id)).run;

      expect(state).toBe('failed');
      expect(stages.right).toMatchObject({ state: 'failed', error: 'The check x fails for 1 of 2 rows.' });
    }
  });

  it('fails after three attempts, and goes on from there when it is retried', async () => {
    let isBroken = true;
    world.answers['training.train'] = () => {
      if (isBroken) throw new Error('No memory.');
      return { version: '1' };
    };
    const { id } = await startRun(world.lifecycle, { ...OWNED, logicalDate: '2026-02-28' });
    const [, left] = DIAMOND.stages;
    world.answers['features.materialize'] = () => ({ done: 'other' });
    await proceed(world.lifecycle, id, { type: 'canceled', at: 1 });
    await proceed(world.lifecycle, id, { type: 'retried', from: left?.name ?? '' });
    await world.runTasks();
    const failed = await readRun(world.lifecycle, id);
    isBroken = false;

    await proceed(world.lifecycle, id, { type: 'retried', from: 'train' });
    await world.runTasks();

    expect(failed.run.stages.train).toMatchObject({ state: 'failed', error: 'No memory.' });
    expect((await readRun(world.lifecycle, id)).run.state).toBe('succeeded');
    const lines = (await logOf(world.lifecycle, id)).map(({ text }) => text);
    expect(lines.filter((text) => String(text).includes('failed: No memory.'))).toHaveLength(3);
  });
});

describe('a backfill', () => {
  const YEAR = { from: '2025-01-31', to: '2025-12-31', step: 'month' } as const;

  it('runs twelve months in order, and resumes where it failed', async () => {
    const months = await newWorld();
    const seen: unknown[] = [];
    let isBroken = true;
    months.answers['ingestion.ingest'] = ({ date }) => {
      if (isBroken && date === '2025-05-31') throw new Error('The file is missing.');
      seen.push(date);
      return { version: 1 };
    };

    await continueBackfill(months.lifecycle, YEAR, OWNED);
    await months.runTasks();
    const before = [...seen];
    isBroken = false;
    await continueBackfill(months.lifecycle, YEAR, OWNED);
    await months.runTasks();

    expect(before).toEqual(['2025-01-31', '2025-02-28', '2025-03-31', '2025-04-30']);
    expect(seen).toHaveLength(12);
    expect(seen).toEqual(seen.toSorted());
    const { query } = await pipelinesDatabase(months.lifecycle);
    const runs = (await query.selectFrom('runs').selectAll().execute()).map(toStored);
    expect(runs.map(({ run }) => run.state)).toEqual(Array(12).fill('succeeded'));
  });
});

describe('SIGKILL at any access to a store', () => {
  it('costs no run and repeats no stage whose end was recorded', async () => {
    const calm = await newWorld();
    await startRun(calm.lifecycle, { ...OWNED, logicalDate: '2026-01-31' });
    await calm.runTasks();

    for (let at = 1; at <= calm.accesses; at += 3) {
      const killed = await newWorld();
      killed.killAfter(at);
      await startRun(killed.lifecycle, { ...OWNED, logicalDate: '2026-01-31', cause: 'once' }).catch(() => undefined);
      if (killed.kills > 0) killed.killAfter(Number.POSITIVE_INFINITY);
      // What a caller does who has no answer, and what a worker does when it starts.
      await startRun(killed.lifecycle, { ...OWNED, logicalDate: '2026-01-31', cause: 'once' }).catch(() => undefined);
      await resumeRuns(killed.lifecycle).catch(() => undefined);
      await killed.runTasks();

      const { query } = await pipelinesDatabase(killed.lifecycle);
      const runs = (await query.selectFrom('runs').selectAll().execute()).map(toStored);
      expect(runs.map(({ run }) => run.state)).toEqual(['succeeded']);
      expect(killed.performed.size).toBe(4);
      // The operation in progress at the kill may run again.
      expect([...killed.performed.values()].reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(5);
    }
  });
});
