import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { contractOf } from '#contract';
import { MODEL_ENTRY } from '#runtime/backends/model-entry.ts';
import { processBackend } from '#runtime/backends/process-backend.ts';
import { ProbeRequest, ProbeResponse } from '#test/fixtures/proto/gen/models/probe.ts';
import { processModel } from '#test/support/process-model.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const { signal } = new AbortController();

function launch(name: string) {
  const launched = processModel(name).launch();
  onTestFinished(() => launched.close());
  return launched;
}

async function launchReady(name: string) {
  const launched = launch(name);
  await launched.setUp(undefined, signal);
  return launched;
}

const request = (action: string, seconds = 0) => ({
  taskId: 'task',
  attempt: 2,
  trace: undefined,
  body: ProbeRequest.encode({ action, seconds }),
});

/** Starts a model made up by the test. */
async function launchSource(source: string) {
  const folder = await mkdtemp(join(tmpdir(), 'modelyard-model-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'model.ts'), source);
  const args = [MODEL_ENTRY, folder];
  const launched = processBackend({ command: process.execPath, arguments: args, output: 'ignore' }).launch();
  onTestFinished(() => launched.close());
  return { folder, launched };
}

const model = (rest: string): string => `
  import { ProbeRequest, ProbeResponse } from '${ROOT}test/fixtures/proto/gen/models/probe.ts';
  import { defineModel } from '${ROOT}model-containers/runtime/define-model.ts';
  export default defineModel({
    manifest: { name: 'mine', description: 'Mine.' },
    request: ProbeRequest,
    response: ProbeResponse,
    ${rest}
  });
`;

async function untilGone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await sleep(20);
  }
}

describe('a model in a process of its own', () => {
  it('describes itself, and answers with the bytes of its response', async () => {
    const process = await launchReady('in_slots');
    const { manifest, contract } = await process.describe();

    const [answer] = await Promise.all(process.run([request('answer')]).answers);

    expect(manifest).toMatchObject({ name: 'in_slots', slots: 8 });
    expect(contract).toEqual(contractOf(ProbeRequest, ProbeResponse));
    const response = answer && 'response' in answer ? ProbeResponse.decode(answer.response) : undefined;
    expect(response).toMatchObject({ attempt: 2, pid: globalThis.process.pid });
  });

  it('answers each request of a batch by itself', async () => {
    const process = await launchReady('in_batches');
    const unreadable = { ...request(''), body: Uint8Array.of(8) };

    const answers = await Promise.all(process.run([request('answer'), unreadable, request('answer')]).answers);

    expect(answers).toMatchObject([
      { response: expect.anything() },
      { failure: { code: 'request_unreadable', retryable: false } },
      { response: expect.anything() },
    ]);
  });

  it('aborts the signal of one request, with the reason', async () => {
    const process = await launchReady('in_slots');
    const runs = [process.run([request('hang')]), process.run([request('wait', 0.1)])] as const;
    // Both have begun when the second one is done.
    await runs[1].answers[0];

    runs[0].abort(0, 'deadline');

    expect(await runs[0].answers[0]).toMatchObject({ failure: { message: 'The run was aborted: deadline.' } });
    expect(await runs[1].answers[0]).toHaveProperty('response');
  });

  it('answers no ping while it computes, and does afterwards', async () => {
    const process = await launchReady('in_slots');
    const run = process.run([request('compute', 1)]);
    // Lets the computation begin.
    await sleep(300);
    const order: string[] = [];
    const computed = run.answers[0]?.then(() => order.push('answer'));

    const before = performance.now();
    await process.ping();
    order.push('pong');

    expect(performance.now() - before).toBeGreaterThan(100);
    await computed;
    expect(order).toHaveLength(2);
  });

  it.each(['compute', 'block'])('is killed while it has to %s', async (action) => {
    const process = await launchReady('in_slots');
    const run = process.run([request(action, 600)]);

    process.kill();

    expect(await run.answers[0]).toEqual({ exit: { description: 'was killed by SIGKILL.' } });
    expect(await process.exited).toEqual({ description: 'was killed by SIGKILL.' });
  });

  it.each(['close', 'kill'] as const)('ends what it has started with it, by %s', async (how) => {
    const { launched } = await launchSource(`
      import { spawn } from 'node:child_process';
      ${model(`predict: () => ({ pid: spawn('sleep', ['600'], { stdio: 'ignore' }).pid })`)}`);
    await launched.setUp(undefined, signal);
    const [answer] = await Promise.all(launched.run([request('answer')]).answers);
    const { pid } = ProbeResponse.decode(answer && 'response' in answer ? answer.response : new Uint8Array());

    await launched[how]();

    expect(pid).toBeGreaterThan(0);
    await untilGone(pid);
  });

  it('tells the error that ended it', async () => {
    const process = await launchReady('in_slots');

    const [answer] = await Promise.all(process.run([request('reject')]).answers);

    expect(answer).toEqual({ exit: { description: 'ended with exit code 1: Nobody handles this.' } });
  });

  it('gives every answer that it sent before its end', async () => {
    const process = await launchReady('in_slots');
    const good = Array.from({ length: 20 }, () => process.run([request('answer')]).answers[0]);
    const bad = process.run([request('leave')]).answers[0];

    expect(await Promise.all(good)).toEqual(good.map(() => ({ response: expect.anything() })));
    expect(await bad).toEqual({ exit: { description: 'ended with exit code 0.' } });
  });

  it('says where its setup failed', async () => {
    const { folder, launched } = await launchSource(
      model(`setup() { throw new Error('The weights are missing.'); }, predict: () => ({}),`),
    );

    await expect(launched.setUp(undefined, signal)).rejects.toMatchObject({
      message: 'The weights are missing.',
      stack: expect.stringContaining(`${folder}/model.ts:`),
    });
  });

  it('says where its definition cannot be loaded', async () => {
    const { folder, launched } = await launchSource('null.weights;');

    await expect(launched.describe()).rejects.toMatchObject({
      message: expect.stringContaining('weights'),
      stack: expect.stringContaining(`${folder}/model.ts:`),
    });
  });

  it('is told when its setup should stop', async () => {
    const { launched } = await launchSource(
      model(`async setup({ signal }) {
        while (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, 10));
        throw new Error('Stopped.');
      },
      predict: () => ({}),`),
    );
    const stop = new AbortController();
    const setUp = launched.setUp(undefined, stop.signal);

    stop.abort();

    await expect(setUp).rejects.toThrow('Stopped.');
  });

  it('cannot answer in batches that it does not define', async () => {
    const source = model('predict: () => ({}),').replace("'Mine.'", "'Mine.', batching: { maxSize: 2, maxWaitMs: 1 }");
    const { launched } = await launchSource(source);

    await expect(launched.describe()).rejects.toThrow('The model mine sets batching, but has no predictBatch.');
  });

  it('is killed when it breaks the protocol', async () => {
    const { launched } = await launchSource(
      `import { writeSync } from 'node:fs';\n${model(`setup() { writeSync(3, 'This is not a frame.'); }, predict: () => ({}),`)}`,
    );

    await expect(launched.setUp(undefined, signal)).rejects.toThrow(/^The model process broke the protocol: /);
  });

  it('that cannot be started is at its end', async () => {
    const launched = processBackend({ command: '/nowhere/node', arguments: [] }).launch();

    expect((await launched.exited).description).toMatch(/^could not be started \(.*ENOENT/);
    await expect(launched.describe()).rejects.toThrow('could not be started');
  });
});

describe('the process of a model', () => {
  /** Another process that runs a model, and the process id of that model. */
  async function parentOf(action: string): Promise<{ readonly parent: ChildProcess; readonly pid: number }> {
    const script = `
      import { processModel } from '#test/support/process-model.ts';
      import { ProbeRequest } from '#test/fixtures/proto/gen/models/probe.ts';
      const model = processModel('in_slots').launch();
      await model.setUp(undefined, new AbortController().signal);
      model.run([{ taskId: 't', attempt: 1, body: ProbeRequest.encode({ action: '${action}', seconds: 600 }) }]);
      setTimeout(() => console.log('running'), 300);
    `;
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void parent.kill('SIGKILL'));
    await new Promise((resolve) => parent.stdout?.once('data', resolve));
    const { stdout } = spawn('pgrep', ['-P', String(parent.pid), '-f', 'model-main']);
    const [pid] = await stdout.map((chunk) => Number.parseInt(String(chunk), 10)).toArray();
    return { parent, pid };
  }

  it.each(['wait', 'compute', 'block'])(
    'does not outlive a parent that is killed while it has to %s',
    async (action) => {
      const { parent, pid } = await parentOf(action);
      expect(pid).toBeGreaterThan(1);

      parent.kill('SIGKILL');

      await untilGone(pid);
    },
  );
});
