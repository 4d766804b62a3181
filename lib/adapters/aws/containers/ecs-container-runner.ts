import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ContainerDefinition,
  DescribeTasksCommand,
  type ECSClient,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  StopTaskCommand,
  type Task,
} from '@aws-sdk/client-ecs';
import { CONTAINER_FOLDER, type ContainerJob, type ContainerRunner, ModelyardError } from '#core';
import type { ContainerTasks } from '../resources.ts';
import type { FolderExchange } from './folder-exchange.ts';

export interface EcsContainerRunnerOptions {
  readonly client: ECSClient;
  readonly tasks: ContainerTasks;
  readonly exchange: FolderExchange;
  /** Between two looks at a task. @default 2 s */
  readonly pollMs?: number;
}

const POLL_MS = 2000;
const [CPU, MEMORY_MIB] = ['1024', '4096'];
/** The program of the helper: it fetches files before the container runs, or stores them afterwards. */
const EXCHANGE = '/app/lifecycle/pipelines/exchange-folder.ts';
const VOLUME = 'work';
const STAGE = 'stage';
const STORE = 'store';

/** Runs containers as tasks of ECS on Fargate. Their files travel by presigned URLs of the artifact store. */
export class EcsContainerRunner implements ContainerRunner {
  readonly #options: EcsContainerRunnerOptions;
  /** Task definitions by image. */
  readonly #definitions = new Map<string, string>();

  constructor(options: EcsContainerRunnerOptions) {
    this.#options = options;
  }

  async run(
    { id, image, command, folder }: ContainerJob,
    { signal, onLine }: Parameters<ContainerRunner['run']>[1],
  ): Promise<number> {
    const { exchange, tasks } = this.#options;
    await this.#stopAll(id);
    signal.throwIfAborted();
    const urls = await exchange.send(id, folder);
    let arn: string | undefined;
    try {
      arn = await this.#start({ id, image, command }, urls);
      onLine(`It prints to the log group ${tasks.logGroup}, stream ${STAGE}/${STAGE}/${arn.split('/').at(-1)}.`);
      const ended = await this.#untilStopped(arn, signal);
      const code = codeOf(ended, STAGE);
      if (code === undefined) throw notStarted(image, ended);
      if (code === 0 && codeOf(ended, STORE) !== 0) throw new Error(`The outputs of ${image} could not be stored.`);
      if (code === 0) await exchange.receive(id, folder);
      return code;
    } catch (error) {
      if (arn !== undefined) await this.#stop(arn);
      throw error;
    } finally {
      await exchange.remove(id);
    }
  }

  async #start(
    { id, image, command }: Pick<ContainerJob, 'id' | 'image' | 'command'>,
    { input, output }: { readonly input: string; readonly output: string },
  ): Promise<string> {
    const { client, tasks } = this.#options;
    const override = (name: string, url: string) => ({ name, command: [name, url] });
    const started = await client.send(
      new RunTaskCommand({
        ...{ cluster: tasks.cluster, taskDefinition: await this.#definitionOf(image), launchType: 'FARGATE' },
        startedBy: id,
        networkConfiguration: {
          awsvpcConfiguration: {
            ...{ subnets: [...tasks.subnets], securityGroups: [...tasks.securityGroups] },
            assignPublicIp: tasks.assignPublicIp ? 'ENABLED' : 'DISABLED',
          },
        },
        overrides: {
          containerOverrides: [
            override('fetch', input),
            ...(command === undefined ? [] : [{ name: STAGE, command: [...command] }]),
            override(STORE, output),
          ],
        },
      }),
    );
    const arn = started.tasks?.[0]?.taskArn;
    if (arn !== undefined) return arn;
    throw new Error(`ECS could not start the container: ${started.failures?.[0]?.reason}`);
  }

  /** The definition of an image is made once by each process: what differs between runs are its overrides. */
  async #definitionOf(image: string): Promise<string> {
    const known = this.#definitions.get(image);
    if (known !== undefined) return known;
    const { client, tasks } = this.#options;
    const { taskDefinition } = await client.send(
      new RegisterTaskDefinitionCommand({
        family: `${tasks.family}-${createHash('sha256').update(image).digest('hex').slice(0, 16)}`,
        ...{ requiresCompatibilities: ['FARGATE'], networkMode: 'awsvpc', cpu: CPU, memory: MEMORY_MIB },
        runtimePlatform: { cpuArchitecture: 'ARM64', operatingSystemFamily: 'LINUX' },
        executionRoleArn: tasks.executionRole,
        volumes: [{ name: VOLUME }],
        containerDefinitions: this.#containersOf(image),
      }),
    );
    const arn = taskDefinition?.taskDefinitionArn ?? '';
    this.#definitions.set(image, arn);
    return arn;
  }

  #containersOf(image: string): ContainerDefinition[] {
    const { logGroup, region, helper } = this.#options.tasks;
    const options = { 'awslogs-group': logGroup, 'awslogs-region': region, 'awslogs-stream-prefix': STAGE };
    const shared: ContainerDefinition = {
      mountPoints: [{ sourceVolume: VOLUME, containerPath: CONTAINER_FOLDER }],
      logConfiguration: { logDriver: 'awslogs', options },
    };
    // The volume belongs to root, and the user of the foreign image is not known.
    const exchanges = { ...shared, image: helper, user: 'root', entryPoint: ['node', EXCHANGE] };
    return [
      { ...exchanges, name: 'fetch', essential: false },
      {
        ...{ ...shared, name: STAGE, image, workingDirectory: CONTAINER_FOLDER, essential: false },
        linuxParameters: { capabilities: { drop: ['ALL'] } },
        dependsOn: [{ containerName: 'fetch', condition: 'SUCCESS' }],
      },
      {
        ...{ ...exchanges, name: STORE, essential: true },
        dependsOn: [{ containerName: STAGE, condition: 'COMPLETE' }],
      },
    ];
  }

  async #untilStopped(arn: string, signal: AbortSignal): Promise<Task> {
    const { client, tasks, pollMs = POLL_MS } = this.#options;
    for (;;) {
      await sleep(pollMs, undefined, { signal });
      const found = await client.send(new DescribeTasksCommand({ cluster: tasks.cluster, tasks: [arn] }));
      const [task] = found.tasks ?? [];
      if (!task) throw new Error(`The task ${arn} has disappeared.`);
      if (task.lastStatus === 'STOPPED') return task;
    }
  }

  /** Of a worker that was killed while it waited. */
  async #stopAll(startedBy: string): Promise<void> {
    const { client, tasks } = this.#options;
    const { taskArns = [] } = await client.send(new ListTasksCommand({ cluster: tasks.cluster, startedBy }));
    await Promise.all(taskArns.map((arn) => this.#stop(arn)));
  }

  /** Does nothing to a task that has ended. */
  async #stop(task: string): Promise<void> {
    const { client, tasks } = this.#options;
    const reason = 'Its stage has ended.';
    await client.send(new StopTaskCommand({ cluster: tasks.cluster, task, reason })).catch(() => undefined);
  }
}

const codeOf = ({ containers = [] }: Task, name: string): number | undefined =>
  containers.find((container) => container.name === name)?.exitCode;

function notStarted(image: string, { containers = [], stoppedReason }: Task): ModelyardError {
  const reason = containers.find(({ name }) => name === STAGE)?.reason ?? stoppedReason ?? 'ECS gives no reason';
  return new ModelyardError('invalid_input', `The container of ${image} could not be started: ${reason}`);
}
