import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import {
  DescribeServicesCommand,
  ECSClient,
  ListClustersCommand,
  ListTasksCommand,
  StopTaskCommand,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import { modelServiceName } from '#adapters/aws/resources.ts';

interface Counts {
  /** Tasks of ECS that should run. */
  readonly desired: number;
  readonly running: number;
}

/** A deployed stage, as its callers and its operators see it. */
export interface Stage extends Disposable {
  readonly name: string;
  /** Calls the API with the key of the run. */
  call(
    path: string,
    init?: { readonly method?: string; readonly body?: unknown; readonly wait?: number },
  ): Promise<Answer>;
  counts(model: string): Promise<Counts>;
  /** Sets the number of instances, as an operator can. */
  setDesired(model: string, desired: number): Promise<void>;
  /** How long instances of models that were looked at have run, by the looks. */
  readonly instanceMs: number;
  /** Ends a running task of ECS from outside. Resolves with its ARN. */
  killTask(model: string): Promise<string>;
}

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

interface StageAddress {
  readonly name: string;
  /** @default the output of the stack */
  readonly url: string | undefined;
  readonly key: string;
}

/** Opens a stage by its stack, with the credentials and the region of the environment. */
export async function openStage({ name, url: given, key }: StageAddress): Promise<Stage> {
  const stack = `modelyard-${name}`;
  const url = (given ?? (await apiOf(stack))).replace(/\/$/, '');
  const ecs = new ECSClient();
  const { clusterArns = [] } = await ecs.send(new ListClustersCommand());
  const cluster = clusterArns.find((arn) => arn.includes(`/${stack}-`));
  if (cluster === undefined) throw new Error(`The stack ${stack} has no cluster in this region.`);
  const serviceOf = (model: string) => modelServiceName(`${stack}-`, model);
  const looks = new Map<string, { readonly at: number; readonly running: number }>();
  let instanceMs = 0;
  return {
    name,
    get instanceMs() {
      return instanceMs;
    },
    async call(path, { method = 'GET', body, wait } = {}) {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: {
          Authorization: `Bearer ${key}`,
          ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
          ...(wait === undefined ? {} : { Prefer: `wait=${wait}` }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Answer['body']) };
    },
    async counts(model) {
      const { services: [service] = [] } = await ecs.send(
        new DescribeServicesCommand({ cluster, services: [serviceOf(model)] }),
      );
      if (!service) throw new Error(`The model ${model} has no service.`);
      const { desiredCount: desired = 0, runningCount: running = 0 } = service;
      const { at, running: before } = looks.get(model) ?? { at: 0, running: 0 };
      instanceMs += before * (performance.now() - at);
      looks.set(model, { at: performance.now(), running });
      return { desired, running };
    },
    async setDesired(model, desiredCount) {
      await ecs.send(new UpdateServiceCommand({ cluster, service: serviceOf(model), desiredCount }));
    },
    async killTask(model) {
      const { taskArns: [task] = [] } = await ecs.send(
        new ListTasksCommand({ cluster, serviceName: serviceOf(model), desiredStatus: 'RUNNING' }),
      );
      if (task === undefined) throw new Error(`The model ${model} has no running task.`);
      await ecs.send(new StopTaskCommand({ cluster, task, reason: 'npm run smoke' }));
      return task;
    },
    [Symbol.dispose]: () => ecs.destroy(),
  };
}

async function apiOf(stack: string): Promise<string> {
  const client = new CloudFormationClient();
  try {
    const { Stacks: [found] = [] } = await client.send(new DescribeStacksCommand({ StackName: stack }));
    const output = found?.Outputs?.find(({ OutputKey }) => OutputKey === 'ApiUrl')?.OutputValue;
    if (output === undefined) throw new Error(`The stack ${stack} has no output ApiUrl.`);
    return output;
  } finally {
    client.destroy();
  }
}
