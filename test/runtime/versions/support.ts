import { DEFAULT_RULE, type Deployment, type Rejection } from '#core';
import type { RunRequest } from '#runtime/backends/model-backend.ts';
import { RoutedModel } from '#runtime/versions/routed-model.ts';
import type { ShadowAnswer } from '#runtime/versions/shadow.ts';
import { RunningModel } from '#runtime/worker/running-model.ts';
import { fakeModelBackend } from '#test/support/fake-model-process.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { silentLogger } from '#test/support/silent-logger.ts';

export const FAILURE = { failure: { code: 'internal', message: 'The weights are broken.', retryable: true } };
export const INVALID = { failure: { code: 'invalid_input', message: 'A field is missing.', retryable: false } };
export const OLD = { version: '1', artifact: 'a' };
export const NEW = { version: '2', artifact: 'b' };
export const responseOf = (number: number) => ({ response: Uint8Array.of(number) });
export const request = (taskId: string, routingKey?: string): RunRequest => ({
  ...{ taskId, routingKey, attempt: 1, trace: undefined, body: new Uint8Array() },
});
export const canary = (more: object = {}): Deployment => ({
  ...OLD,
  candidate: { ...NEW, strategy: 'canary', share: 1, key: 'task', rule: DEFAULT_RULE, startedAt: 1, ...more },
});
export const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A model with a deployment, whose processes the test answers for. */
export async function routed(deployment: Deployment = OLD) {
  const clock = new ManualClock();
  const { backend, processes } = fakeModelBackend({ timeoutSeconds: 60 });
  const model = new RunningModel({ backend, clock, logger: silentLogger });
  await model.load();
  const rejections: Rejection[] = [];
  const shadowed: ShadowAnswer[] = [];
  const fetched: string[] = [];
  const versions = new RoutedModel({
    ...{ model, clock, logger: silentLogger },
    fetch: async ({ version }) => {
      fetched.push(version);
      return { version, folder: `/weights/${version}` };
    },
    onRejected: (rejection) => rejections.push(rejection),
    onShadowAnswer: (answer) => shadowed.push(answer),
  });
  await versions.setUp(undefined, new AbortController().signal, { version: OLD.version, folder: '/weights/1' });
  await versions.apply(deployment);
  const [old, next] = processes;
  if (!old) throw new Error('No process was started.');
  /** Has a task answered by the deployed version. */
  async function serve(taskId: string): Promise<void> {
    const run = versions.run([request(taskId)]);
    processes[0]?.answer(responseOf(1));
    await run.outcomes[0];
  }
  return { clock, versions, rejections, shadowed, fetched, processes, old, next, serve };
}
