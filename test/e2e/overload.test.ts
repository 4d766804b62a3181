import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ended, type ProblemBody, post, type TaskBody } from '#test/support/api-client.ts';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';

const MAX_REQUESTS = 50;
const CALLERS = 400;
const WAIT = { Prefer: 'wait=1' };

let system: EmbeddedSystem;
beforeAll(async () => {
  system = await EmbeddedSystem.start({ environment: { MODELYARD_MAX_REQUESTS: String(MAX_REQUESTS) } });
});
afterAll(() => system[Symbol.asyncDispose]());

/** Stops the instance of a model from doing anything, until `thaw` or the end of the test. */
function freeze(instance: string): { thaw(): void } {
  const pid = Number(system.pids(instance).at(-1));
  const thaw = () => void process.kill(pid, 'SIGCONT');
  process.kill(pid, 'SIGSTOP');
  onTestFinished(thaw);
  return { thaw };
}

const predict = (data: string): Promise<Response> => post(system, '/predict/model_a', { data }, WAIT);

describe('a flood of callers of a model that does nothing', { timeout: 60_000 }, () => {
  it('is answered to the last one, while the process stays well, and what was accepted is done later', async () => {
    const { thaw } = freeze('model_a-1');

    const flood = Array.from({ length: CALLERS }, (_, index) => predict(String(index)));
    const health = await Promise.all(Array.from({ length: 10 }, () => system.fetch('/healthz')));
    const answers = await Promise.all(flood);
    thaw();

    const statuses = answers.map(({ status }) => status);
    const refusals = answers.filter(({ status }) => status === 429);
    const accepted = answers.filter(({ status }) => status === 202);
    expect(health.map(({ status }) => status)).toEqual(health.map(() => 200));
    expect([...new Set(statuses)].toSorted()).toEqual([202, 429]);
    expect(refusals.every(({ headers }) => Number(headers.get('retry-after')) >= 1)).toBe(true);
    const [problem] = (await Promise.all(refusals.map((answer) => answer.json()))) as ProblemBody[];
    expect(problem).toMatchObject({ type: '/problems/too-many-requests', status: 429 });
    const tasks = (await Promise.all(accepted.map((answer) => answer.json()))) as TaskBody[];
    const done = await Promise.all(tasks.map(({ id }) => ended(system, id)));
    expect(done.map(({ state }) => state)).toEqual(done.map(() => 'succeeded'));
  });

  it('is logged in a few lines', async () => {
    const { thaw } = freeze('model_a-1');
    const before = system.events.length;

    const answers = await Promise.all(Array.from({ length: MAX_REQUESTS * 4 }, (_, index) => predict(String(index))));
    thaw();

    expect(answers.filter(({ status }) => status === 429).length).toBeGreaterThan(0);
    const lines = system.events.slice(before).filter(({ source }) => source === 'gateway');
    expect(lines.filter(({ message }) => / 429$/.test(message))).toEqual([]);
    expect(lines.filter(({ message }) => message === 'Requests are refused with 429.').length).toBeLessThan(5);
  });

  it('is over as soon as the model works again', async () => {
    for (;;) {
      const answer = await predict('again');
      if (answer.status === 200) return;
      expect([202, 429]).toContain(answer.status);
    }
  });
});
