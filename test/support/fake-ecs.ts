import { createServer } from 'node:http';
import { listenOnFreePort } from './listen.ts';

export interface FakeTask {
  readonly taskArn: string;
  readonly family: string;
  readonly group: string;
  lastStatus: string;
  desiredStatus: string;
  healthStatus?: string;
  isProtected?: boolean;
  readonly taskDefinitionArn?: string;
  readonly stopCode?: string;
  readonly stoppedReason?: string;
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
  readonly protectionEnabled?: boolean;
}

interface FakeEcsOptions {
  /** Services start and stop tasks until as many run as desired. @default false: they only count */
  readonly runsTasks?: boolean;
}

/** The part of ECS that instance control uses: services, and tasks that a test advances. */
export async function startFakeEcs({ runsTasks = false }: FakeEcsOptions = {}) {
  const counts = new Map<string, number>();
  const tasks: FakeTask[] = [];
  /** When the roll-out of a service began that has not ended. */
  const rollOuts = new Map<string, Date>();
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
    taskDefinition: `${name}:1`,
    deployments: [
      { status: 'PRIMARY', createdAt: Math.round((rollOuts.get(name)?.getTime() ?? 0) / 1000) },
      ...(rollOuts.has(name) ? [{ status: 'ACTIVE' }] : []),
    ],
  });

  function reconcile(name: string): void {
    const running = () => tasks.filter((task) => task.family === name && task.desiredStatus === 'RUNNING');
    while (running().length < (counts.get(name) ?? 0)) addTask(name);
    for (const task of running().filter(({ isProtected }) => !isProtected)) {
      if (running().length > (counts.get(name) ?? 0)) task.desiredStatus = 'STOPPED';
    }
  }

  const operations: Record<string, (input: Input) => object> = {
    DescribeServices: ({ services = [] }) => ({ services: services.filter((name) => counts.has(name)).map(service) }),
    UpdateService: ({ service: name = '', desiredCount = 0 }) => {
      counts.set(name, desiredCount);
      if (runsTasks) reconcile(name);
      return { service: service(name) };
    },
    // As the stack defines them: with a container besides that of the runtime.
    DescribeTaskDefinition: ({ taskDefinition = '' }) => ({
      taskDefinition: {
        containerDefinitions: ['model', 'container'].map((container) => ({
          name: container,
          logConfiguration: {
            logDriver: 'awslogs',
            options: { 'awslogs-group': `log-of-${taskDefinition}`, 'awslogs-stream-prefix': 'it' },
          },
        })),
      },
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
    UpdateTaskProtection: ({ tasks: wanted = [], protectionEnabled = false }) => {
      const found = tasks.filter(({ taskArn }) => wanted.includes(taskArn.slice(taskArn.lastIndexOf('/') + 1)));
      for (const task of found) task.isProtected = protectionEnabled;
      return { protectedTasks: found.map(({ taskArn }) => ({ taskArn, protectionEnabled })), failures: [] };
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
    tasks,
    rollOuts,
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
