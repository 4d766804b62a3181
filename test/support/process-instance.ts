import { createModelDirectory, submitTask, type Task, waitForTask } from '#core';
import type { Platform } from '#platform/platform.ts';
import type { ModelBackend } from '#runtime/backends/model-backend.ts';
import { ModelInstance } from '#runtime/instance/instance.ts';
import { RunningModel } from '#runtime/worker/running-model.ts';
import { ProbeRequest } from '#test/fixtures/proto/gen/models/probe.ts';
import { silentLogger } from './silent-logger.ts';

export interface ProcessInstanceOptions {
  readonly platform: Platform;
  /** Of a model whose requests are probes. */
  readonly backend: ModelBackend;
  readonly leaseSeconds: number;
  /** How long the model may take to react to an abort or a ping. @default 5,000 */
  readonly graceMs?: number;
}

/** A whole instance, in this process, of a model in a process of its own. */
export async function startProcessInstance({ platform, backend, leaseSeconds, graceMs }: ProcessInstanceOptions) {
  const { clock } = platform;
  const stop = new AbortController();
  const model = new RunningModel({
    backend,
    clock,
    logger: silentLogger,
    ...(graceMs === undefined ? {} : { graceMs }),
  });
  const { name } = (await model.load()).manifest;
  const ended = new ModelInstance({
    model,
    platform,
    logger: silentLogger,
    id: 'one',
    image: 'test',
    runtimeVersion: 'test',
    health: { host: '127.0.0.1', port: 0 },
    leaseSeconds,
    stopTimeoutMs: 1000,
  }).run(stop.signal);
  ended.catch(() => undefined);
  const directory = createModelDirectory(platform);

  /** The instance as the registry has it. */
  const registered = async () =>
    (await platform.registry.snapshot()).instances.find((instance) => instance.model === name);

  return {
    registered,
    ended,
    async untilReady(): Promise<void> {
      while ((await registered())?.state !== 'ready') await clock.sleep(20);
    },
    /** What `/health` or another path answers. */
    async get(path: string): Promise<{ readonly status: number; readonly text: string }> {
      const response = await fetch(`${(await registered())?.endpoint}${path}`);
      return { status: response.status, text: await response.text() };
    },
    async submit(action: string, seconds: number, timeoutSeconds?: number): Promise<Task> {
      const { contract, model: served } = await directory.served(name);
      return submitTask(platform, {
        owner: 'me',
        model: name,
        contract,
        request: ProbeRequest.encode({ action, seconds }),
        limits: served.limits,
        ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
      });
    },
    /** The task once it has ended, or as it is after `waitMs`. */
    untilEnded: (task: Task, waitMs: number) => waitForTask(platform, { id: task.id, owner: 'me', waitMs }),
    async stop(): Promise<void> {
      stop.abort();
      await ended;
    },
  };
}
