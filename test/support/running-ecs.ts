import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RegisterTaskDefinitionCommandInput, RunTaskCommandInput, Task } from '@aws-sdk/client-ecs';
import { ROOT } from '#local/instance-command.ts';
import { listenOnFreePort } from './listen.ts';

const EXCHANGE = join(ROOT, 'lifecycle', 'pipelines', 'exchange-folder.ts');

/** ECS for containers of stages. It runs their programs on this machine: the helper's, and the command of the stage. */
export async function startRunningEcs() {
  const definitions: RegisterTaskDefinitionCommandInput[] = [];
  const runs: RunTaskCommandInput[] = [];
  const tasks = new Map<string, Task>();
  const folders: string[] = [];

  /** Exit codes by container. A container whose predecessor has failed has none. */
  async function runContainers({ overrides }: RunTaskCommandInput): Promise<Readonly<Record<string, number>>> {
    const folder = mkdtempSync(join(tmpdir(), 'modelyard-task-'));
    folders.push(folder);
    const of = (name: string) => overrides?.containerOverrides?.find((each) => each.name === name);
    async function run(program: string, args: readonly string[]): Promise<number> {
      const [code] = await once(spawn(program, args, { cwd: folder, stdio: 'ignore' }), 'exit');
      return code ?? 1;
    }
    const exchange = (name: string) => run(process.execPath, [EXCHANGE, ...(of(name)?.command ?? []), folder]);
    const fetched = await exchange('fetch');
    if (fetched !== 0) return { fetch: fetched };
    const [program = 'true', ...args] = of('stage')?.command ?? [];
    return { fetch: fetched, stage: await run(program, args), store: await exchange('store') };
  }

  async function runTask(input: RunTaskCommandInput): Promise<object> {
    runs.push(input);
    const taskArn = `arn:aws:ecs:us-east-1:000000000000:task/cluster/${runs.length}`;
    const { containerDefinitions = [] } = definitions.at(-1) ?? {};
    const isKnown = containerDefinitions.every(({ image }) => !image?.includes('missing'));
    const codes = isKnown ? await runContainers(input) : {};
    const containers = containerDefinitions.map(({ name = '' }) => ({
      name,
      ...(name in codes ? { exitCode: codes[name] } : {}),
      ...(isKnown ? {} : { reason: 'CannotPullContainerError: not found' }),
    }));
    tasks.set(taskArn, { taskArn, lastStatus: 'STOPPED', containers, startedBy: input.startedBy });
    return { tasks: [{ taskArn }] };
  }

  const operations: Readonly<Record<string, (input: never) => object | Promise<object>>> = {
    RegisterTaskDefinition(input: RegisterTaskDefinitionCommandInput) {
      definitions.push(input);
      return { taskDefinition: { taskDefinitionArn: `${input.family}:${definitions.length}` } };
    },
    RunTask: runTask,
    ListTasks: () => ({ taskArns: [] }),
    DescribeTasks: ({ tasks: [arn = ''] }: { tasks: string[] }) => ({ tasks: [tasks.get(arn)] }),
    StopTask: () => ({}),
  };
  const server = createServer(async (request, response) => {
    const operation = String(request.headers['x-amz-target']).split('.').at(-1) ?? '';
    const input = JSON.parse(Buffer.concat(await request.toArray()).toString());
    response.setHeader('Content-Type', 'application/x-amz-json-1.1');
    response.end(JSON.stringify((await operations[operation]?.(input as never)) ?? {}));
  });
  const url = await listenOnFreePort(server);
  return {
    ...{ url, definitions, runs },
    close() {
      server.closeAllConnections();
      server.close();
      for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    },
  };
}
