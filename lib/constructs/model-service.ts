import { Duration, RemovalPolicy, Stack, Tags } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct, type IDependable } from 'constructs';
import { MODEL_CONTAINER, modelServiceName } from '#adapters/aws/resources.ts';
import { DEFAULTS, type ModelManifest } from '#catalog/manifest.ts';
import { ENV, type EnvironmentName } from '#platform/environment.ts';
import { acknowledge, acknowledgeClusterTasks, acknowledgeEverything } from './acknowledge.ts';
import type { ArtifactGrants } from './artifact-bucket.ts';
import type { Data } from './data.ts';
import type { Consumer } from './handler-function.ts';
import { type ModelQueues, queueUrlPrefix } from './model-queues.ts';
import { addSidecar } from './model-sidecar.ts';
import type { Network } from './network.ts';

export interface ModelServiceProps {
  readonly manifest: ModelManifest;
  readonly cluster: ecs.Cluster;
  readonly network: Pick<Network, 'instanceSubnets' | 'securityGroup' | 'outbound'>;
  readonly data: Data;
  readonly queues: ModelQueues;
  readonly image: ecs.ContainerImage;
  /** First part of all service and queue names. */
  readonly prefix: string;
  readonly capacity: 'fargate' | 'spot';
  /** The cluster's association with Spot. @default none, for emulators */
  readonly capacityProviders?: IDependable | undefined;
  readonly logRetention: RetentionDays;
  /** Gives its instances more than every model has. @default nothing */
  readonly grantMore?: (instance: Consumer) => void;
  /** Where the image has the model, if it runs from sources. @default in its bundle */
  readonly folder?: string;
  /** Where versioned models and the worker of the lifecycle find artifacts. @default nowhere */
  readonly artifacts?: ArtifactGrants | undefined;
  /** False for emulators, which do not support public addresses. */
  readonly assignPublicIp: boolean;
  /** Whether instances reach AWS by IPv6 only. */
  readonly isIpv6: boolean;
}

const HEALTH_PORT = 8080;
/** The maximum of ECS between SIGTERM and SIGKILL. */
const STOP_TIMEOUT = Duration.seconds(120);
/** The user `node` of the official images. */
const UNPRIVILEGED = '1000:1000';
const HEALTH_CHECK = `fetch('http://127.0.0.1:${HEALTH_PORT}/health').then(r=>process.exit(r.ok?0:1),()=>process.exit(1))`;

/** Permissions of functions on the ECS service of a model. */
export interface ModelServiceGrants {
  grantWake(consumer: Consumer): void;
  grantList(consumer: Consumer): void;
  /** Change how many instances run, and hold launched ones back from scale-in. */
  grantScale(consumer: Consumer): void;
  /** Stop an instance, and lower the desired count so that the service does not replace it. */
  grantStop(consumer: Consumer): void;
  /** Find where its instances log, and read it. */
  grantReadLogs(consumer: Consumer): void;
}

export const LISTING_REASON = 'The listing of ECS tasks knows no resources; a condition holds it to this cluster.';

/** The Fargate service of one model. */
export class ModelService extends Construct implements ModelServiceGrants {
  readonly manifest: ModelManifest;
  readonly queues: ModelQueues;
  readonly service: ecs.FargateService;
  readonly log: LogGroup;
  readonly #props: ModelServiceProps;
  readonly #task: ecs.FargateTaskDefinition;

  constructor(scope: Construct, id: string, props: ModelServiceProps) {
    super(scope, id);
    this.#props = props;
    this.manifest = props.manifest;
    this.queues = props.queues;
    this.log = new LogGroup(this, 'Log', { retention: props.logRetention, removalPolicy: RemovalPolicy.DESTROY });
    this.#task = this.#createTask();
    this.#grantServe(this.#addContainer());
    this.service = this.#createService();
    this.#startAfterwards();
    for (const billed of [this, props.queues]) Tags.of(billed).add('model', this.manifest.name);
    if (props.image instanceof ecs.AssetImage) {
      acknowledgeEverything(this.#task.obtainExecutionRole(), 'A token for the image registry belongs to the account.');
    }
  }

  get #name(): string {
    return modelServiceName(this.#props.prefix, this.manifest.name);
  }

  grantWake(consumer: Consumer): void {
    this.#allow(consumer, ['ecs:DescribeServices', 'ecs:UpdateService'], this.service.serviceArn);
  }

  grantList(consumer: Consumer): void {
    const { clusterArn } = this.#props.cluster;
    this.#allow(consumer, ['ecs:ListTasks'], '*', { ArnEquals: { 'ecs:cluster': clusterArn } });
    acknowledgeEverything(consumer.grantPrincipal, LISTING_REASON);
    this.#allowOnTasks(consumer, ['ecs:DescribeTasks']);
  }

  /** Change how many instances run, and hold launched ones back from scale-in. */
  grantScale(consumer: Consumer): void {
    this.grantWake(consumer);
    this.grantList(consumer);
    this.#allowOnTasks(consumer, ['ecs:UpdateTaskProtection']);
  }

  /** Stop an instance, and lower the desired count so that the service does not replace it. */
  grantStop(consumer: Consumer): void {
    this.grantWake(consumer);
    this.#allowOnTasks(consumer, ['ecs:StopTask']);
  }

  grantReadLogs(consumer: Consumer): void {
    this.#allow(consumer, ['ecs:DescribeServices'], this.service.serviceArn);
    this.#allow(consumer, ['ecs:DescribeTaskDefinition'], '*');
    this.#allow(consumer, ['logs:FilterLogEvents'], this.log.logGroupArn);
  }

  #allowOnTasks({ grantPrincipal }: Consumer, actions: readonly `ecs:${string}`[]): void {
    const { cluster } = this.#props;
    const resourceName = `${cluster.clusterName}/*`;
    const tasks = Stack.of(this).formatArn({ service: 'ecs', resource: 'task', resourceName });
    grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions: [...actions], resources: [tasks] }));
    acknowledgeClusterTasks(grantPrincipal, cluster);
  }

  #allow(
    consumer: Consumer,
    actions: readonly `${'ecs' | 'logs'}:${string}`[],
    resource: string,
    conditions: Readonly<Record<string, unknown>> = {},
  ): void {
    this.#introduce(consumer);
    consumer.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({ actions: [...actions], resources: [resource], conditions }),
    );
  }

  #introduce(consumer: Consumer): void {
    consumer.addEnvironment(ENV.ecsCluster, this.#props.cluster.clusterName);
    consumer.addEnvironment(ENV.ecsServicePrefix, this.#props.prefix);
  }

  #createTask(): ecs.FargateTaskDefinition {
    const { cpu = DEFAULTS.cpu, memoryMiB = DEFAULTS.memoryMiB } = this.manifest;
    const task = new ecs.FargateTaskDefinition(this, 'Task', {
      family: this.#name,
      cpu,
      memoryLimitMiB: memoryMiB,
      runtimePlatform: {
        cpuArchitecture: ecs.CpuArchitecture.ARM64,
        operatingSystemFamily: ecs.OperatingSystemFamily.LINUX,
      },
      // The only writable folder.
      volumes: [{ name: 'scratch' }],
    });
    acknowledge(task, {
      'AwsSolutions-ECS2': 'The variables are names of queues, tables and the model; there is no secret among them.',
    });
    return task;
  }

  #addContainer(): ecs.ContainerDefinition {
    const { image, prefix, isIpv6 } = this.#props;
    const logGroup = this.log;
    const container = this.#task.addContainer(MODEL_CONTAINER, {
      image,
      essential: true,
      user: UNPRIVILEGED,
      readonlyRootFilesystem: true,
      // Forwards signals, and reaps child processes of the model.
      linuxParameters: new ecs.LinuxParameters(this, 'Linux', { initProcessEnabled: true }),
      stopTimeout: STOP_TIMEOUT,
      logging: ecs.LogDrivers.awsLogs({ logGroup, streamPrefix: this.manifest.name }),
      healthCheck: {
        command: ['CMD', 'node', '-e', HEALTH_CHECK],
        interval: Duration.seconds(10),
        timeout: Duration.seconds(5),
        retries: 3,
        // The maximum of ECS for a model's setup.
        startPeriod: Duration.seconds(300),
      },
      environment: {
        [ENV.model]: this.#props.folder ?? this.manifest.name,
        [ENV.healthPort]: String(HEALTH_PORT),
        [ENV.queueUrlPrefix]: queueUrlPrefix(this, prefix),
        // Lambda sets this variable, ECS does not.
        [ENV.awsRegion]: Stack.of(this).region,
        ...(isIpv6 ? { [ENV.dualStack]: 'true' } : {}),
      } satisfies Partial<Record<EnvironmentName, string>>,
    });
    addSidecar({ manifest: this.manifest, task: this.#task, runtime: container, logGroup, isIpv6 });
    container.addMountPoints({ sourceVolume: 'scratch', containerPath: '/tmp', readOnly: false });
    return container;
  }

  #grantServe(container: ecs.ContainerDefinition): void {
    const { data, queues } = this.#props;
    const consumer: Consumer = {
      grantPrincipal: this.#task.taskRole.grantPrincipal,
      addEnvironment: (name, value) => container.addEnvironment(name, value),
    };
    data.grantServe(consumer);
    queues.grantWork(consumer);
    if (this.manifest.versioned) this.#props.artifacts?.grantRead(consumer);
    this.#props.grantMore?.(consumer);
    // Task protection during long runs.
    this.#allowOnTasks(consumer, ['ecs:GetTaskProtection', 'ecs:UpdateTaskProtection']);
  }

  /** ECS tasks need these resources from their start to their end. */
  #startAfterwards(): void {
    const { network, capacityProviders } = this.#props;
    this.service.node.addDependency(
      this.#task.obtainExecutionRole(),
      ...network.outbound,
      ...(capacityProviders ? [capacityProviders] : []),
    );
  }

  #createService(): ecs.FargateService {
    const { cluster, network, capacity, assignPublicIp } = this.#props;
    return new ecs.FargateService(this, 'Service', {
      serviceName: this.#name,
      cluster,
      taskDefinition: this.#task,
      assignPublicIp,
      vpcSubnets: { subnets: [...network.instanceSubnets] },
      securityGroups: [network.securityGroup],
      // Old instances finish their runs while new ones start.
      minHealthyPercent: 100,
      maxHealthyPercent: 200,
      circuitBreaker: { rollback: true },
      enableECSManagedTags: true,
      propagateTags: ecs.PropagatedTagSource.SERVICE,
      ...(capacity === 'spot' ? { capacityProviderStrategies: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }] } : {}),
    });
  }
}
