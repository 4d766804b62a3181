import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Advanced,
  advance,
  newPipelineRun,
  type Pipeline,
  type PipelineRun,
  type RunCommand,
  type RunEvent,
  type StageRun,
} from '#core';

const DIAMOND: Pipeline = {
  name: 'diamond',
  stages: [
    { name: 'ingest', uses: 'ingestion.ingest' },
    { name: 'left', uses: 'features.materialize', after: ['ingest'] },
    { name: 'right', uses: 'preprocessing.clean', after: ['ingest'] },
    { name: 'train', uses: 'training.train', after: ['left', 'right'] },
  ],
};

/** Edges lead only to earlier stages, so that there is no cycle. */
const anyPipeline: fc.Arbitrary<Pipeline> = fc
  .array(fc.array(fc.nat({ max: 5 }), { maxLength: 3 }), { minLength: 1, maxLength: 6 })
  .map((edges) => ({
    name: 'any',
    stages: edges.map((before, index) => ({
      name: `s${index}`,
      uses: 'any.work',
      after: [...new Set(before.filter((each) => each < index))].map((each) => `s${each}`),
    })),
  }));

const anyEvent: fc.Arbitrary<RunEvent> = fc
  .record({
    stage: fc.constantFrom('s0', 's1', 's2', 's3', 's4', 's5'),
    generation: fc.integer({ min: 1, max: 2 }),
    type: fc.constantFrom('stage-started', 'stage-succeeded', 'stage-skipped', 'stage-failed', 'retried', 'canceled'),
  })
  .map(({ stage, generation, type }): RunEvent => {
    const of = { stage, generation, at: 1 };
    if (type === 'retried') return { type, from: stage };
    if (type === 'canceled') return { type, at: 1 };
    if (type === 'stage-failed') return { type, error: 'It broke.', ...of };
    if (type === 'stage-started') return { type, ...of };
    return { type: type as 'stage-succeeded', output: stage, ...of };
  });

const DONE = new Set(['succeeded', 'skipped']);
const isDone = ({ state }: StageRun | Pick<StageRun, 'state'>) => DONE.has(state);

function replay(run: PipelineRun, events: readonly RunEvent[]): readonly Advanced[] {
  let last = advance(run, { type: 'begun' });
  return [last, ...events.map((event) => (last = advance(last.run, event)))];
}

const runsOf = (commands: readonly RunCommand[]) => commands.flatMap((each) => (each.type === 'run' ? [each] : []));

/** Answers every command until the run has ended, in an order that `next` chooses. */
function drive(run: PipelineRun, next: (open: number) => number, failing: ReadonlySet<string> = new Set()) {
  let current = advance(run, { type: 'begun' });
  const started: string[] = [];
  const open = [...runsOf(current.commands)];
  while (open.length > 0) {
    const [{ stage, generation } = { stage: '', generation: 0 }] = open.splice(next(open.length), 1);
    started.push(stage);
    const of = { stage, generation, at: 1 };
    current = failing.has(stage)
      ? advance(current.run, { type: 'stage-failed', error: 'It broke.', ...of })
      : advance(current.run, { type: 'stage-succeeded', output: stage, ...of });
    open.push(...runsOf(current.commands));
  }
  return { run: current.run, started };
}

describe('a run of a pipeline', () => {
  it('starts a stage once all its inputs are there', () => {
    const begun = advance(newPipelineRun(DIAMOND), { type: 'begun' });
    const after = advance(begun.run, { type: 'stage-succeeded', stage: 'ingest', generation: 1, at: 5, output: 'v1' });

    expect(begun.commands).toEqual([{ type: 'run', stage: 'ingest', generation: 1, fresh: false }]);
    expect(runsOf(after.commands).map(({ stage }) => stage)).toEqual(['left', 'right']);
    expect(after.run.stages.ingest).toEqual({
      state: 'succeeded',
      generation: 1,
      startedAt: 5,
      endedAt: 5,
      output: 'v1',
    });
  });

  it('ends as succeeded after every stage ran exactly once, in any order of answers', () => {
    fc.assert(
      fc.property(anyPipeline, fc.infiniteStream(fc.nat()), (pipeline, choices) => {
        const { run, started } = drive(newPipelineRun(pipeline), (open) => (choices.next().value ?? 0) % open);

        expect(run.state).toBe('succeeded');
        expect(started.toSorted()).toEqual(pipeline.stages.map(({ name }) => name).toSorted());
      }),
    );
  });

  it('never starts a stage before its inputs, nor twice in one generation, whatever events come', () => {
    fc.assert(
      fc.property(anyPipeline, fc.array(anyEvent, { maxLength: 40 }), (pipeline, events) => {
        const seen = new Set<string>();

        for (const { run, commands } of replay(newPipelineRun(pipeline), events)) {
          for (const { stage, generation } of runsOf(commands)) {
            expect(seen).not.toContain(`${stage}/${generation}`);
            seen.add(`${stage}/${generation}`);
            const { after = [] } = pipeline.stages.find(({ name }) => name === stage) ?? {};
            for (const input of after) expect(isDone(run.stages[input] ?? { state: 'waiting' })).toBe(true);
          }
        }
      }),
    );
  });

  it('ends once per retry, exactly when nothing is queued any more', () => {
    fc.assert(
      fc.property(anyPipeline, fc.array(anyEvent, { maxLength: 40 }), (pipeline, events) => {
        let wasRunning = true;

        for (const { run, commands } of replay(newPipelineRun(pipeline), events)) {
          const states = Object.values(run.stages).map(({ state }) => state);
          expect(run.state === 'running').toBe(states.includes('queued'));
          expect(run.state === 'succeeded').toBe(states.every((state) => DONE.has(state)));
          const ends = commands.filter(({ type }) => type === 'end').length;
          const hasRun = wasRunning || commands.some(({ type }) => type === 'run');
          expect(ends).toBe(hasRun && run.state !== 'running' ? 1 : 0);
          wasRunning = run.state === 'running';
        }
      }),
    );
  });

  it('ignores repeated events', () => {
    fc.assert(
      fc.property(anyPipeline, fc.array(anyEvent, { maxLength: 20 }), (pipeline, events) => {
        const once = replay(newPipelineRun(pipeline), events).at(-1);
        const last = events.findLast(({ type }) => type !== 'retried');
        if (!once || !last) return;

        // After its effect, an event of a stage or a cancellation changes nothing.
        const first = advance(once.run, last);
        expect(advance(first.run, last)).toEqual({ run: first.run, commands: [] });
      }),
    );
  });

  it('fails without running what needs the failed stage, and finishes the rest', () => {
    const { run, started } = drive(newPipelineRun(DIAMOND), () => 0, new Set(['left']));

    expect(run.state).toBe('failed');
    expect(started).toEqual(['ingest', 'left', 'right']);
    expect(run.stages).toMatchObject({ left: { error: 'It broke.' }, right: { state: 'succeeded' } });
    expect(run.stages.train).toEqual({ state: 'waiting', generation: 1 });
  });

  it('runs from the given stage again, with what follows it', () => {
    const { run } = drive(newPipelineRun(DIAMOND), () => 0, new Set(['left']));

    const retried = advance(run, { type: 'retried', from: 'left' });

    expect(retried.commands).toEqual([{ type: 'run', stage: 'left', generation: 2, fresh: true }]);
    expect(retried.run.stages).toMatchObject({
      right: { state: 'succeeded', generation: 1 },
      train: { generation: 2 },
    });
    const late = advance(retried.run, { type: 'stage-failed', stage: 'left', generation: 1, at: 9, error: 'Late.' });
    expect(late.run).toBe(retried.run);
  });

  it('runs a chain again from its first stage, and all that failed with it', () => {
    const chain: Pipeline = {
      name: 'chain',
      stages: [
        { name: 'c', uses: 'a.b', after: ['b'] },
        { name: 'b', uses: 'a.b', after: ['a'] },
        { name: 'a', uses: 'a.b' },
        { name: 'alone', uses: 'a.b' },
        { name: 'broken', uses: 'a.b' },
      ],
    };
    const { run } = drive(newPipelineRun(chain), () => 0, new Set(['broken']));

    const retried = advance(run, { type: 'retried', from: 'a' });

    expect(retried.run.stages).toEqual({
      a: { state: 'queued', generation: 2, fresh: true },
      b: { state: 'waiting', generation: 2 },
      c: { state: 'waiting', generation: 2 },
      alone: run.stages.alone,
      broken: { state: 'queued', generation: 2 },
    });
    expect(runsOf(retried.commands)).toMatchObject([
      { stage: 'a', fresh: true },
      { stage: 'broken', fresh: false },
    ]);
  });

  it('is not run again from a stage that it does not have, nor while it runs', () => {
    const { run } = drive(newPipelineRun(DIAMOND), () => 0);
    const begun = advance(newPipelineRun(DIAMOND), { type: 'begun' });

    expect(advance(run, { type: 'retried', from: 'nowhere' })).toEqual({ run, commands: [] });
    expect(advance(begun.run, { type: 'retried', from: 'ingest' })).toEqual({ run: begun.run, commands: [] });
  });

  it('keeps when a stage was started first', () => {
    const begun = advance(newPipelineRun(DIAMOND), { type: 'begun' });
    const of = { stage: 'ingest', generation: 1 };

    const started = advance(begun.run, { type: 'stage-started', ...of, at: 3 });
    const again = advance(started.run, { type: 'stage-started', ...of, at: 5 });
    const ended = advance(again.run, { type: 'stage-skipped', ...of, at: 8, output: 1 });

    expect(started.commands).toEqual([]);
    expect(again.run.stages.ingest).toEqual({ state: 'queued', generation: 1, startedAt: 3 });
    expect(ended.run.stages.ingest).toMatchObject({ state: 'skipped', startedAt: 3, endedAt: 8 });
    expect(advance(begun.run, { type: 'stage-started', stage: 'nowhere', generation: 1, at: 3 })).toEqual({
      run: begun.run,
      commands: [],
    });
  });

  it('cancels what is queued and starts nothing more', () => {
    const begun = advance(newPipelineRun(DIAMOND), { type: 'begun' });

    const canceled = advance(begun.run, { type: 'canceled', at: 3 });
    const late = advance(canceled.run, { type: 'stage-succeeded', stage: 'ingest', generation: 1, at: 4, output: 1 });

    expect(canceled.commands).toEqual([
      { type: 'cancel', stage: 'ingest', generation: 1 },
      { type: 'end', state: 'canceled' },
    ]);
    expect(late).toEqual({ run: canceled.run, commands: [] });
  });

  it('keeps what was done before it is canceled', () => {
    const begun = advance(newPipelineRun(DIAMOND), { type: 'begun' });
    const { run } = advance(begun.run, { type: 'stage-succeeded', stage: 'ingest', generation: 1, at: 2, output: 1 });

    const canceled = advance(run, { type: 'canceled', at: 3 });

    expect(canceled.run.stages.ingest).toEqual(run.stages.ingest);
    expect(canceled.run.stages.left).toEqual({ state: 'canceled', generation: 1, endedAt: 3 });
    expect(canceled.run.stages.train).toEqual({ state: 'canceled', generation: 1, endedAt: 3 });
    expect(canceled.commands.map(({ type }) => type)).toEqual(['cancel', 'cancel', 'end']);
  });
});
