import { describe, expect, it } from 'vitest';
import type { RunRequest } from '#runtime/backends/model-backend.ts';
import { type ModelCondition, RunningModel } from '#runtime/worker/running-model.ts';
import { fakeModelBackend } from '#test/support/fake-model-process.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { silentLogger } from '#test/support/silent-logger.ts';

const GRACE_MS = 5000;
const PING_EVERY_MS = 250;
/** Longer than any back-off between two starts. */
const LONG_MS = 31_000;

const REQUEST: RunRequest = { taskId: 'task', attempt: 1, trace: undefined, body: new Uint8Array() };

async function running({ timeoutSeconds = 60, faults = [] as Error[], random = 0.5 } = {}) {
  const clock = new ManualClock();
  const { backend, processes } = fakeModelBackend({ timeoutSeconds }, faults);
  const model = new RunningModel({ backend, clock, logger: silentLogger, random: () => random, graceMs: GRACE_MS });
  const conditions: ModelCondition[] = [];
  model.onCondition((condition) => conditions.push(condition));
  await model.load();
  await model.setUp(undefined, new AbortController().signal);
  const [process] = processes;
  if (!process) throw new Error('No process was started.');
  const verdictOf = async (run: ReturnType<RunningModel['run']>, position = 0) => {
    const outcome = await run.outcomes[position];
    return outcome && 'verdict' in outcome ? outcome.verdict : undefined;
  };
  return { clock, model, conditions, processes, process, verdictOf };
}

describe('the end of a model process', () => {
  it('is charged to the only request in it', async () => {
    const { model, process, verdictOf } = await running();
    const run = model.run([REQUEST]);

    process.exit('was killed by SIGSEGV.');

    expect(await run.outcomes[0]).toEqual({ exit: { description: 'was killed by SIGSEGV.' }, verdict: 'guilty' });
    expect(await verdictOf(run)).toBe('guilty');
  });

  it('is charged to the request that was left when others had their answers', async () => {
    const { model, process, verdictOf } = await running();
    const runs = [model.run([REQUEST]), model.run([REQUEST])] as const;
    process.answer();
    await runs[0].outcomes[0];

    process.exit('was killed by SIGSEGV.');

    expect(await verdictOf(runs[1])).toBe('guilty');
  });

  it.each([
    ['in runs of their own', [[REQUEST], [REQUEST]]],
    ['in one batch', [[REQUEST, REQUEST]]],
  ])('makes suspects of several requests %s', async (_, batches) => {
    const { model, process } = await running();
    const runs = batches.map((requests) => model.run(requests));

    process.exit('was killed by SIGSEGV.');
    const outcomes = await Promise.all(runs.flatMap((run) => run.outcomes));

    expect(outcomes.map((outcome) => 'verdict' in outcome && outcome.verdict)).toEqual([
      'repeat-alone',
      'repeat-alone',
    ]);
  });

  it('is not charged to a run that came too late for it', async () => {
    const { model, process, verdictOf } = await running();
    const first = model.run([REQUEST]);
    process.exit('was killed by SIGSEGV.');
    await verdictOf(first);

    expect(await verdictOf(model.run([REQUEST]))).toBe('repeat');
  });

  it('is followed by the next process, after a pause that grows until a request is answered', async () => {
    const { clock, model, processes, conditions } = await running();
    const pauses: number[] = [];
    for (let life = 0; life < 9; life++) {
      if (life === 6) {
        const run = model.run([REQUEST]);
        processes.at(-1)?.answer();
        await run.outcomes[0];
      }
      processes.at(-1)?.exit('ended with exit code 1.');
      await clock.advance(0);
      const before = clock.now();
      while (processes.length < life + 2) await clock.advance(100);
      pauses.push(clock.now() - before);
    }

    expect(pauses).toEqual([100, 200, 400, 800, 1600, 3200, 100, 200, 400]);
    expect(conditions.slice(0, 4)).toEqual(['ready', 'restarting', 'ready', 'restarting']);
  });

  it('waits half a minute at most', async () => {
    const { clock, processes } = await running({ random: 1 - Number.EPSILON });
    for (let life = 0; life < 12; life++) {
      processes.at(-1)?.exit('ended with exit code 1.');
      await clock.advance(LONG_MS);
    }

    expect(processes).toHaveLength(13);
  });

  it('is for good when five starts in a row fail', async () => {
    const fault = new Error('The weights are missing.');
    const { clock, model, processes, process } = await running({
      faults: [undefined, fault, fault, fault, fault, fault] as Error[],
    });

    process.exit('ended with exit code 1.');
    for (let start = 0; start < 5; start++) await clock.advance(LONG_MS);

    await expect(model.failed).rejects.toBe(fault);
    expect(processes).toHaveLength(6);
  });

  it('is for good after it was closed', async () => {
    const { clock, model, processes } = await running();

    await model.close();
    await clock.advance(LONG_MS);

    expect(processes).toHaveLength(1);
  });
});

describe('a run that ignores its abort signal', () => {
  it('is killed with its process after a grace period, when nobody waits for it', async () => {
    const { clock, model, process } = await running();
    model.run([REQUEST]).abort(0, 'timeout');

    await clock.advance(GRACE_MS - 1);
    const before = process.wasKilled;
    await clock.advance(1);

    expect([before, process.wasKilled]).toEqual([false, true]);
    expect(process.aborts).toEqual(['timeout']);
  });

  it('is left alone when it ends in time', async () => {
    const { clock, model, process } = await running();
    model.run([REQUEST]).abort(0, 'timeout');
    process.answer();

    await clock.advance(10 * GRACE_MS);

    expect(process.wasKilled).toBe(false);
  });

  it('is not killed while somebody waits for another request of its batch', async () => {
    const { clock, model, process } = await running();
    const run = model.run([REQUEST, REQUEST]);
    run.abort(0, 'timeout');

    await clock.advance(50_000);
    const before = process.wasKilled;
    run.abort(1, 'timeout');
    await clock.advance(GRACE_MS);

    expect([before, process.wasKilled]).toEqual([false, true]);
  });

  it('is killed once the other runs in the process have ended', async () => {
    const { clock, model, process } = await running({ timeoutSeconds: 60 });
    model.run([REQUEST]);
    model.run([REQUEST]).abort(0, 'timeout');
    await clock.advance(3 * GRACE_MS);
    const before = process.wasKilled;

    process.answer();
    await clock.advance(GRACE_MS);

    expect([before, process.wasKilled]).toEqual([false, true]);
  });

  it('is killed at the limit of the model, and the other run is repeated in company', async () => {
    const { clock, model, process, verdictOf } = await running({ timeoutSeconds: 60 });
    const wanted = model.run([REQUEST]);
    model.run([REQUEST]).abort(0, 'timeout');

    await clock.advance(60_000);
    const before = process.wasKilled;
    await clock.advance(GRACE_MS);

    expect([before, process.wasKilled]).toEqual([false, true]);
    expect(await verdictOf(wanted)).toBe('repeat');
  });

  it('makes suspects of the others when the thread was blocked', async () => {
    const { clock, model, process, verdictOf } = await running({ timeoutSeconds: 60 });
    const wanted = model.run([REQUEST]);
    process.isBlocked = true;
    model.run([REQUEST]).abort(0, 'timeout');

    await clock.advance(60_000 + GRACE_MS);

    expect(process.wasKilled).toBe(true);
    expect(await verdictOf(wanted)).toBe('repeat-alone');
  });
});

describe('a model that does not answer pings', () => {
  it('is blocked after the grace period, and ready again when it answers', async () => {
    const { clock, model, process, conditions } = await running();
    model.run([REQUEST]);
    process.isBlocked = true;

    await clock.advance(PING_EVERY_MS + GRACE_MS - 1);
    const before = model.condition;
    await clock.advance(1);
    const blocked = model.condition;
    process.unblock();
    await clock.advance(0);

    expect([before, blocked, model.condition]).toEqual(['ready', 'blocked', 'ready']);
    expect(conditions).toEqual(['ready', 'blocked', 'ready']);
  });

  it('was stalled when it answers late, and not when it answers at once', async () => {
    const { clock, model, process } = await running();
    const first = model.run([REQUEST]);
    await clock.advance(10 * PING_EVERY_MS);
    const before = first.wasStalled();

    process.isBlocked = true;
    await clock.advance(PING_EVERY_MS + 1000);
    process.unblock();
    await clock.advance(0);
    const after = first.wasStalled();
    await clock.advance(10 * PING_EVERY_MS);

    expect([before, after, model.run([REQUEST]).wasStalled()]).toEqual([false, true, false]);
  });

  it('was shared by a run and all that were in the process with it, also by those that are answered', async () => {
    const { model, process } = await running();
    const first = model.run([REQUEST]);
    const alone = first.wasAlone();
    const second = model.run([REQUEST]);
    const together = first.wasAlone();
    process.answer();
    await first.outcomes[0];
    const afterwards = second.wasAlone();
    process.answer();
    await second.outcomes[0];

    expect([alone, together, afterwards, model.run([REQUEST]).wasAlone()]).toEqual([true, false, false, true]);
  });

  it('is not asked while it has nothing to do', async () => {
    const { clock, model, process } = await running();
    process.isBlocked = true;

    await clock.advance(60_000);

    expect(model.condition).toBe('ready');
  });
});

describe('a model beside another one', () => {
  const WEIGHTS = { version: '2', folder: '/weights/2' };

  it('answers in a process of its own, and the first one answers until it is retired', async () => {
    const { clock, model, process } = await running();
    const before = model.run([REQUEST]);

    const other = await model.beside(WEIGHTS);
    const retired = model.retire();
    process.answer({ response: Uint8Array.of(1) });

    expect(await before.outcomes[0]).toEqual({ response: Uint8Array.of(1) });
    expect([model.version, other.version]).toEqual([undefined, '2']);
    await clock.advance(PING_EVERY_MS);
    await retired;
    expect((await process.exited).description).toBe('ended with exit code 0.');
    expect(other.condition).toBe('ready');
  });

  it('that cannot be set up changes nothing', async () => {
    const { model, processes, process } = await running({ faults: [undefined as never, new Error('No weights.')] });

    await expect(model.beside(WEIGHTS)).rejects.toThrow('No weights.');
    const run = model.run([REQUEST]);
    process.answer({ response: Uint8Array.of(1) });

    expect(await run.outcomes[0]).toEqual({ response: Uint8Array.of(1) });
    expect(processes[1]?.wasKilled).toBe(true);
  });

  it('has its version after a crash, too', async () => {
    const { clock, model, processes } = await running();
    await model.beside(WEIGHTS);

    processes[1]?.exit('was killed by SIGSEGV.');
    await clock.advance(LONG_MS);

    expect(processes[2]?.weights).toEqual(WEIGHTS);
  });

  it('that does not answer ends after the time limit of a run', async () => {
    const { clock, model, process } = await running();
    model.run([REQUEST]);

    const retired = model.retire();
    await clock.advance(60_000 + GRACE_MS);
    await retired;

    expect((await process.exited).description).toBe('ended with exit code 0.');
  });
});
