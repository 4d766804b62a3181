import {
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  type ECSClient,
  ListTasksCommand,
  type Service,
  StopTaskCommand,
  type Task,
  UpdateServiceCommand,
  UpdateTaskProtectionCommand,
} from '@aws-sdk/client-ecs';
import { ModelyardError, unavailable } from '#core';
import { modelServiceName } from '../resources.ts';

export interface EcsServicesOptions {
  readonly client: ECSClient;
  readonly cluster: string;
  /** The service name without the model name. */
  readonly servicePrefix: string;
}

/** Where the tasks of a service log: one stream each, which ends with the id of the task. */
export interface LogPlace {
  readonly group: string;
  /** Name of a stream up to the id of its task. */
  readonly streamPrefix: string;
}

/** On demand, or cheaper while there is capacity left over. */
export type CapacityProvider = 'FARGATE' | 'FARGATE_SPOT';

/** DescribeTasks' maximum per call. */
const MAX_DESCRIBED = 100;
/** UpdateTaskProtection's maximum per call. */
const MAX_PROTECTED = 10;

/** The ECS services of a stage, one per model. Everything rejects with `registry_unavailable`. */
export class EcsServices {
  readonly #options: EcsServicesOptions;

  constructor(options: EcsServicesOptions) {
    this.#options = options;
  }

  /** Undefined for a model without a service. */
  async find(model: string): Promise<Service | undefined> {
    const { cluster } = this.#options;
    const { services = [] } = await this.#call((client) =>
      client.send(new DescribeServicesCommand({ cluster, services: [this.#nameOf(model)] })),
    );
    return services.find(({ status }) => status === 'ACTIVE');
  }

  /** Rejects with `model_not_found` for a model without a service. */
  async get(model: string): Promise<Service> {
    const service = await this.find(model);
    if (service) return service;
    throw new ModelyardError('model_not_found', `The model ${model} does not run in this cluster.`);
  }

  /** One place per container. Rejects with `model_not_found` for a model without a service. */
  async logPlaces(model: string): Promise<readonly LogPlace[]> {
    const { taskDefinition } = await this.get(model);
    const described = await this.#call((client) => client.send(new DescribeTaskDefinitionCommand({ taskDefinition })));
    const { containerDefinitions = [] } = described.taskDefinition ?? {};
    return containerDefinitions.flatMap(({ name, logConfiguration }) => {
      const { 'awslogs-group': group, 'awslogs-stream-prefix': prefix } = logConfiguration?.options ?? {};
      return group === undefined || prefix === undefined ? [] : [{ group, streamPrefix: `${prefix}/${name}/` }];
    });
  }

  async setDesired(model: string, desiredCount: number): Promise<void> {
    const { cluster } = this.#options;
    const service = this.#nameOf(model);
    await this.#call((client) => client.send(new UpdateServiceCommand({ cluster, service, desiredCount })));
  }

  /** Where the instances of a model run from now on. Running ones are replaced without a gap. */
  async setCapacity(model: string, capacityProvider: CapacityProvider): Promise<void> {
    const { cluster } = this.#options;
    const service = this.#nameOf(model);
    const capacityProviderStrategy = [{ capacityProvider, weight: 1 }];
    const command = new UpdateServiceCommand({ cluster, service, capacityProviderStrategy, forceNewDeployment: true });
    await this.#call((client) => client.send(command));
  }

  /** Tasks that run, and stopping tasks that may still finish runs. */
  async tasks(model: string): Promise<readonly Task[]> {
    return (await this.allTasks(model)).filter((task) => !isOver(task));
  }

  /** Those too that have ended within the last hour. */
  async allTasks(model: string): Promise<readonly Task[]> {
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

  async stopTask(task: string, reason: string): Promise<void> {
    const { cluster } = this.#options;
    await this.#call((client) => client.send(new StopTaskCommand({ cluster, task, reason })));
  }

  /** Protects tasks from scale-in and roll-outs for some minutes; 0 ends the protection. Ignores ended tasks. */
  async protect(tasks: readonly string[], minutes: number): Promise<void> {
    const { cluster } = this.#options;
    const protection = { protectionEnabled: minutes > 0, ...(minutes > 0 ? { expiresInMinutes: minutes } : {}) };
    for (let at = 0; at < tasks.length; at += MAX_PROTECTED) {
      const page = tasks.slice(at, at + MAX_PROTECTED);
      await this.#call((client) =>
        client.send(new UpdateTaskProtectionCommand({ cluster, tasks: page, ...protection })),
      );
    }
  }

  close(): void {
    this.#options.client.destroy();
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

  async #call<T>(send: (client: ECSClient) => Promise<T>): Promise<T> {
    try {
      return await send(this.#options.client);
    } catch (error) {
      throw unavailable('registry_unavailable', 'The instances cannot be reached.', error);
    }
  }
}

/** The last part of the ARN: the id under which a task registers that has adopted no launch. */
export const taskIdOf = ({ taskArn = '' }: Task): string => taskArn.slice(taskArn.lastIndexOf('/') + 1);

/** ECS lists tasks for an hour after their end. */
const isOver = ({ lastStatus }: Task): boolean => lastStatus === 'STOPPED' || lastStatus === 'DELETED';
