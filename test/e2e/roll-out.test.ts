import { afterAll, beforeAll, expect, it, type TestContext, vi } from 'vitest';
import { ended, submit, type TaskBody } from '#test/support/api-client.ts';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';
import { OutsideInstance } from '#test/support/outside-instance.ts';

let system: EmbeddedSystem;
beforeAll(async () => {
  system = await EmbeddedSystem.start();
});
afterAll(() => system[Symbol.asyncDispose]());

const eventually = <T>(look: () => Promise<T>): Promise<T> => vi.waitFor(look, { timeout: 60_000, interval: 200 });

/** Starts an instance of this version and resolves when the API sees that it is ready. */
async function start({ onTestFinished }: TestContext, version: 'older' | 'newer'): Promise<OutsideInstance> {
  const before = await readyInstances();
  const instance = new OutsideInstance(system, `../rollout/${version}`);
  onTestFinished(() => instance[Symbol.asyncDispose]());
  await eventually(async () => expect((await readyInstances()).filter((id) => !before.includes(id))).toHaveLength(1));
  return instance;
}

async function readyInstances(): Promise<readonly string[]> {
  const response = await system.fetch('/models/roller/instances');
  const { instances = [] } = (await response.json()) as { instances?: { id: string; state: string }[] };
  return instances.filter(({ state }) => state === 'ready').map(({ id }) => id);
}

const documentsParts = () =>
  eventually(async () => expect(await (await system.fetch('/models/roller/schema')).text()).toContain('parts'));

const submitMany = (count: number, request: object): Promise<readonly TaskBody[]> =>
  Promise.all(Array.from({ length: count }, () => submit(system, 'roller', request)));

const allEnded = (tasks: readonly TaskBody[]): Promise<readonly TaskBody[]> =>
  Promise.all(tasks.map(({ id }) => ended(system, id)));

const PLAIN = { text: 'a', seconds: 0.2 };
const FANCY = { text: 'a', parts: [{ text: 'b', times: 2 }, { text: 'c' }], style: 'STYLE_LOUD' };
const FANCY_ANSWER = { text: 'ABBC', version: 2, parts: 2 };

it('rolls a new contract out with tasks of both in the queue', { timeout: 240_000 }, async (test) => {
  const older = await start(test, 'older');
  const olderTasks = await submitMany(30, { text: 'a', seconds: 1 });
  const newer = await start(test, 'newer');
  await documentsParts();
  const [plain, fancy] = await Promise.all([submitMany(12, PLAIN), submitMany(12, FANCY)]);
  const results = await Promise.all([allEnded(olderTasks), allEnded(plain), allEnded(fancy)]);

  // The API shows the newer contract while its instance counts as alive: these wait for the next one.
  newer.signal('SIGKILL');
  await newer.exit;
  const waiting = await submitMany(4, FANCY);
  const plainMeanwhile = await allEnded(await submitMany(4, PLAIN));
  const stillWaiting = await Promise.all(waiting.map(({ id }) => system.fetch(`/tasks/${id}`)));
  const states = await Promise.all(stillWaiting.map(async (each) => ((await each.json()) as TaskBody).state));
  await start(test, 'newer');
  const afterwards = await allEnded(waiting);

  older.signal('SIGTERM');
  const code = await older.exit;
  const last = await allEnded(await submitMany(4, PLAIN));

  const everything = [...results.flat(), ...plainMeanwhile, ...afterwards, ...last];
  expect(everything.filter(({ state }) => state !== 'succeeded')).toEqual([]);
  expect(everything.filter(({ attempts }) => attempts !== 1)).toEqual([]);
  const versions = (tasks: readonly TaskBody[]) => [...new Set(tasks.map(({ result }) => result?.version))].toSorted();
  // Each contract's tasks were shared by both versions, except those that only the newer one can read.
  expect([versions(results[0]), versions(results[1])]).toEqual([
    [1, 2],
    [1, 2],
  ]);
  expect([...results[2], ...afterwards].map(({ result }) => result)).toEqual(Array(16).fill(FANCY_ANSWER));
  expect(states).toEqual(Array(4).fill('queued'));
  expect(versions(plainMeanwhile)).toEqual([1]);
  expect([code, versions(last)]).toEqual([0, [2]]);
});
