import { createServer } from 'node:http';
import { listenOnFreePort } from './listen.ts';

export interface FakeTask {
  readonly taskArn: string;
  readonly family: string;
  readonly group: string;
  lastStatus: string;
  desiredStatus: string;
  healthStatus?: string;
  pullStartedAt?: number;
  pullStoppedAt?: number;
  readonly overrides: object;
  readonly containers: readonly { readonly image: string }[];
}

interface Input {
  readonly family?: string;
  readonly desiredStatus?: string;
  readonly services?: readonly string[];
  readonly service?: string;
  readonly desiredCount?: number;
  readonly tasks?: readonly string[];
  readonly task?: string;
  readonly taskDefinition?: string;
  readonly overrides?: object;
}

/** The part of ECS that instance control uses: services that only count, and tasks that a test advances. */
export async function startFakeEcs() {
  const counts = new Map<string, number>();
  const tasks: FakeTask[] = [];
  const asked: { readonly operation: string; readonly input: Input }[] = [];

  function addTask(family: string, more: Partial<FakeTask> = {}): FakeTask {
    const task: FakeTask = {
      taskArn: `arn:aws:ecs:us-east-1:000000000000:task/cluster/${String(tasks.length + 1).padStart(32, '0')}`,
      family,
      group: `service:${family}`,
      lastStatus: 'PROVISIONING',
      desiredStatus: 'RUNNING',
      overrides: {},
      containers: [{ image: `${family}:1` }],
      ...more,
    };
    tasks.push(task);
    return task;
  }

  const service = (name: string) => ({
    serviceName: name,
    status: 'ACTIVE',
    desiredCount: counts.get(name),
    taskDefinition: name,
    launchType: 'FARGATE',
    networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1'], assignPublicIp: 'ENABLED' } },
  });

  const operations: Record<string, (input: Input) => object> = {
    DescribeServices: ({ services = [] }) => ({ services: services.filter((name) => counts.has(name)).map(service) }),
    UpdateService: ({ service: name = '', desiredCount = 0 }) => {
      counts.set(name, desiredCount);
      return { service: service(name) };
    },
    RunTask: ({ taskDefinition = '', overrides = {} }) => ({
      tasks: [addTask(taskDefinition, { group: `family:${taskDefinition}`, overrides })],
    }),
    ListTasks: ({ family, desiredStatus }) => ({
      taskArns: tasks
        .filter((task) => task.family === family && task.desiredStatus === desiredStatus)
        .map(({ taskArn }) => taskArn),
    }),
    DescribeTasks: ({ tasks: wanted = [] }) => ({ tasks: tasks.filter(({ taskArn }) => wanted.includes(taskArn)) }),
    StopTask: ({ task: wanted }) => {
      const task = tasks.find(({ taskArn }) => taskArn === wanted);
      if (task) task.desiredStatus = 'STOPPED';
      return { task };
    },
  };

  const server = createServer(async (request, response) => {
    const operation = String(request.headers['x-amz-target']).split('.').at(-1) ?? '';
    const input = JSON.parse(Buffer.concat(await request.toArray()).toString()) as Input;
    asked.push({ operation, input });
    response.setHeader('Content-Type', 'application/x-amz-json-1.1');
    response.end(JSON.stringify(operations[operation]?.(input) ?? {}));
  });
  const url = await listenOnFreePort(server);
  return {
    url,
    counts,
    addTask,
    /** The operations that were called, oldest first. */
    operations: () => asked.map(({ operation }) => operation),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
