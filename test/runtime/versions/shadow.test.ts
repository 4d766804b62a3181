import { describe, expect, it } from 'vitest';
import { canary, FAILURE, INVALID, request, responseOf, routed, turn } from './support.ts';

describe('a shadow', () => {
  it('runs what was answered, and neither answers nor delays', async () => {
    const { clock, versions, shadowed, old, next } = await routed(canary({ strategy: 'shadow' }));

    const run = versions.run([request('task')]);
    old.answer(responseOf(1));
    expect(await run.outcomes[0]).toEqual(responseOf(1));
    await clock.advance(100);
    next?.answer(responseOf(2));
    await turn();

    expect(shadowed).toMatchObject([{ request: { taskId: 'task' }, version: '2', response: Uint8Array.of(2) }]);
    expect(versions.tallies).toMatchObject([{ tasks: 1 }, { version: '2', tasks: 1, failed: 0 }]);
  });

  it('runs what was gathered two at a time', async () => {
    const { clock, shadowed, next, serve } = await routed(canary({ strategy: 'shadow' }));
    for (let at = 0; at < 5; at++) await serve(`task-${at}`);
    await turn();
    expect(next?.open).toBe(0);

    await clock.advance(100);
    expect(next?.open).toBe(2);
    for (let at = 0; at < 5; at++) {
      next?.answer(responseOf(2));
      await turn();
      await turn();
    }

    expect(shadowed.map(({ request: { taskId } }) => taskId)).toEqual([
      'task-0',
      'task-1',
      'task-2',
      'task-3',
      'task-4',
    ]);
  });

  it('that fails all its tasks is ended at once', async () => {
    const { clock, versions, rejections, next, serve } = await routed(canary({ strategy: 'shadow' }));

    for (let at = 0; at < 5; at++) {
      await serve(`task-${at}`);
      await turn();
      await clock.advance(100);
      next?.answer(FAILURE);
      await turn();
    }

    expect(rejections).toMatchObject([{ version: '2', reasons: [expect.stringContaining('failed 5 of 5 tasks')] }]);
    expect(versions.isRollingOut).toBe(false);
  });

  it('that hangs is stopped at the time limit of a run, and has failed', async () => {
    const { clock, versions, next, serve } = await routed(canary({ strategy: 'shadow' }));
    await serve('task');
    await turn();

    await clock.advance(59_000);
    expect(next?.aborts).toEqual([]);
    await clock.advance(2000);
    next?.answer(FAILURE);
    await turn();

    expect(next?.aborts).toEqual(['timeout']);
    expect(versions.tallies[1]).toMatchObject({ tasks: 1, failed: 1 });
  });

  it('does not see what was not answered', async () => {
    const { clock, versions, shadowed, old } = await routed(canary({ strategy: 'shadow' }));

    const run = versions.run([request('task')]);
    old.answer(INVALID);

    expect(await run.outcomes[0]).toEqual(INVALID);
    await clock.advance(100);
    expect(shadowed).toEqual([]);
  });

  it('leaves out what it cannot keep up with', async () => {
    const { versions, serve } = await routed(canary({ strategy: 'shadow' }));

    for (let at = 0; at < 300; at++) await serve(`task-${at}`);

    expect(versions.tallies[1]?.dropped).toBeGreaterThan(30);
  });

  it('that crashes does not matter to the answers', async () => {
    const { versions, old, next } = await routed(canary({ strategy: 'shadow' }));

    next?.exit('was killed by SIGSEGV.');
    await turn();
    const run = versions.run([request('task')]);
    old.answer(responseOf(1));

    expect(await run.outcomes[0]).toEqual(responseOf(1));
    expect(versions.condition).toBe('ready');
  });
});
