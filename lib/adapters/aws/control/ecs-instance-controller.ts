import {
  DescribeServicesCommand,
  DescribeTasksCommand,
  type ECSClient,
  ListTasksCommand,
  RunTaskCommand,
  type Service,
  StopTaskCommand,
  type Task,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import {
  type ControlledInstance,
  type InstanceController,
  type InstancePhase,
  type InstanceState,
  ModelyardError,
  unavailable,
} from '#core';
import { MODEL_CONTAINER, modelServiceName } from '../resources.ts';

export interface EcsInstanceControllerOptions {
  readonly client: ECSClient;
  readonly cluster: string;
  /** The service name without the model name. */
  readonly servicePrefix: string;
  /** The environment variable of the variant. */
  readonly variantVariable: string;
}

/** DescribeTasks' maximum per call. */
const MAX_DESCRIBED = 100;

/**
 * Instances as ECS tasks. Scaling controls the desired count of the service. `launch` runs an additional task that
 * stays until it is stopped.
 */
export class EcsInstanceController implements InstanceController {
  readonly #options: EcsInstanceControllerOptions;

  constructor(options: EcsInstanceControllerOptions) {
    this.#options = options;
  }

  async list(model: string): Promise<readonly ControlledInstance[]> {
    const tasks = await this.#tasks(model);
    return tasks.filter((task) => !isOver(task)).map((task) => this.#toInstance(task, model));
  }

  async launch(model: string, variant?: string): Promise<ControlledInstance> {
    const { taskDefinition, networkConfiguration, capacityProviderStrategy, launchType } = await this.#service(model);
    const byProvider = (capacityProviderStrategy?.length ?? 0) > 0;
    const { variantVariable } = this.#options;
    const { tasks = [], failures = [] } = await this.#call((client) =>
      client.send(
        new RunTaskCommand({
          cluster: this.#options.cluster,
          taskDefinition,
          networkConfiguration,
          ...(byProvider ? { capacityProviderStrategy } : { launchType }),
          ...(variant === undefined ? {} : { overrides: overriding(variantVariable, variant) }),
          enableECSManagedTags: true,
          startedBy: 'modelyard',
        }),
      ),
    );
    const [task] = tasks;
    if (task) return this.#toInstance(task, model);
    throw unavailable('registry_unavailable', 'No instance could be started.', new Error(failures[0]?.reason));
  }

  /** Raises the desired count from zero. */
  async wake(model: string): Promise<void> {
    const { desiredCount = 0 } = await this.#service(model);
    if (desiredCount === 0) await this.#setCount(model, 1);
  }

  async stop(model: string, id: string): Promise<boolean> {
    const task = (await this.#tasks(model)).find((candidate) => idOf(candidate) === id);
    if (!task) return false;
    if (isOver(task) || task.desiredStatus === 'STOPPED') return true;
    const { cluster } = this.#options;
    await this.#call((client) =>
      client.send(new StopTaskCommand({ cluster, task: task.taskArn, reason: 'Stopped by an operator.' })),
    );
    // Otherwise the service would replace the task.
    if (task.group?.startsWith('service:')) await this.#lower(model);
    return true;
  }

  close(): void {
    this.#options.client.destroy();
  }

  async #lower(model: string): Promise<void> {
    const { desiredCount = 0 } = await this.#service(model);
    if (desiredCount > 0) await this.#setCount(model, desiredCount - 1);
  }

  async #setCount(model: string, desiredCount: number): Promise<void> {
    const { cluster } = this.#options;
    const service = this.#nameOf(model);
    await this.#call((client) => client.send(new UpdateServiceCommand({ cluster, service, desiredCount })));
  }

  /** Rejects with `model_not_found` when the model has no service. */
  async #service(model: string): Promise<Service> {
    const { cluster } = this.#options;
    const { services = [] } = await this.#call((client) =>
      client.send(new DescribeServicesCommand({ cluster, services: [this.#nameOf(model)] })),
    );
    const service = services.find(({ status }) => status === 'ACTIVE');
    if (service) return service;
    throw new ModelyardError('model_not_found', `The model ${model} does not run in this cluster.`);
  }

  /** Running tasks, and stopping tasks that may still finish runs. */
  async #tasks(model: string): Promise<readonly Task[]> {
    const arns = await Promise.all([this.#arns(model, 'RUNNING'), this.#arns(model, 'STOPPED')]);
    const wanted = [...new Set(arns.flat())];
    const { cluster } = this.#options;
    const described: Task[] = [];
    for (let at = 0; at < wanted.length; at += MAX_DESCRIBED) {
      const page = wanted.slice(at, at + MAX_DESCRIBED);
      const { tasks = [] } = await this.#call((client) =>
        client.send(new DescribeTasksCommand({ cluster, tasks: page })),
      );
      described.push(...tasks);
    }
    return described;
  }

  async #arns(model: string, desiredStatus: 'RUNNING' | 'STOPPED'): Promise<readonly string[]> {
    const { cluster } = this.#options;
    const arns: string[] = [];
    let nextToken: string | undefined;
    do {
      const page = await this.#call((client) =>
        client.send(new ListTasksCommand({ cluster, family: this.#nameOf(model), desiredStatus, nextToken })),
      );
      arns.push(...(page.taskArns ?? []));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    return arns;
  }

  #nameOf(model: string): string {
    return modelServiceName(this.#options.servicePrefix, model);
  }

  #toInstance(task: Task, model: string): ControlledInstance {
    return toInstance(task, model, this.#options.variantVariable);
  }

  async #call<T>(send: (client: ECSClient) => Promise<T>): Promise<T> {
    try {
      return await send(this.#options.client);
    } catch (error) {
      throw unavailable('registry_unavailable', 'The instances cannot be reached.', error);
    }
  }
}

const overriding = (name: string, value: string) => ({
  containerOverrides: [{ name: MODEL_CONTAINER, environment: [{ name, value }] }],
});

/** Maps an ECS task to an instance. */
function toInstance(task: Task, model: string, variantVariable: string): ControlledInstance {
  const id = idOf(task);
  const variant = variantOf(task, variantVariable);
  const phase = phaseOf(task);
  return {
    id,
    name: `${model}-${id.slice(0, 8)}`,
    model,
    ...(variant === undefined ? {} : { variant }),
    state: STATES[phase],
    phase,
    image: task.containers?.[0]?.image ?? '',
  };
}

/** The last part of the ARN: the id under which the instance registers. */
const idOf = ({ taskArn = '' }: Task): string => taskArn.slice(taskArn.lastIndexOf('/') + 1);

/** ECS lists tasks for an hour after their end. */
const isOver = ({ lastStatus }: Task): boolean => lastStatus === 'STOPPED' || lastStatus === 'DELETED';

const STATES: Readonly<Record<InstancePhase, InstanceState>> = {
  provisioning: 'starting',
  pulling: 'starting',
  starting: 'starting',
  ready: 'ready',
  draining: 'draining',
};

/** The health check tests readiness, so a healthy task is ready. */
function phaseOf({ desiredStatus, lastStatus, healthStatus, pullStartedAt, pullStoppedAt }: Task): InstancePhase {
  if (desiredStatus === 'STOPPED') return 'draining';
  if (lastStatus === 'RUNNING') return healthStatus === 'HEALTHY' ? 'ready' : 'starting';
  if (pullStoppedAt !== undefined) return 'starting';
  return pullStartedAt === undefined ? 'provisioning' : 'pulling';
}

function variantOf({ overrides }: Task, variable: string): string | undefined {
  const environment = overrides?.containerOverrides?.flatMap((override) => override.environment ?? []);
  return environment?.find(({ name }) => name === variable)?.value;
}
