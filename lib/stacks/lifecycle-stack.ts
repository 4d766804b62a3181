import { CfnOutput, Duration, Stack, Tags } from 'aws-cdk-lib';
import { Peer, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { ContextAttribute, Schedule, ScheduleExpression, ScheduleTargetInput } from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import { Construct } from 'constructs';
import { LIFECYCLE_ROUTES } from '#api/http/lifecycle-routes.ts';
import type { ModelManifest } from '#catalog/manifest.ts';
import { ENV } from '#platform/environment.ts';
import { DATABASE_URLS } from '#platform/lifecycle-databases.ts';
import { acknowledge, acknowledgeVersions } from '../constructs/acknowledge.ts';
import { ArtifactBucket, artifactsOf } from '../constructs/artifact-bucket.ts';
import { grantContainerTasks } from '../constructs/container-tasks.ts';
import { DatabaseRoles } from '../constructs/database-roles.ts';
import { DsqlBackups } from '../constructs/dsql-backups.ts';
import { DsqlDatabases } from '../constructs/dsql-databases.ts';
import { API_TIMEOUT, HandlerFunction } from '../constructs/handler-function.ts';
import { PERMISSIONS } from '../constructs/handler-permissions.ts';
import { DEAD_LETTERS_STAY } from '../constructs/handlers.ts';
import { LifecycleAlarms } from '../constructs/lifecycle-alarms.ts';
import { lifecycleImage } from '../constructs/model-image.ts';
import { ModelQueues, queueUrlPrefix } from '../constructs/model-queues.ts';
import { ModelService } from '../constructs/model-service.ts';
import { AlertsTopic } from '../constructs/notifications.ts';
import { retainLogs } from '../constructs/retain-logs.ts';
import type { ModelyardStack } from './modelyard-stack.ts';
import type { StageConfig } from './stage-config.ts';

export interface LifecycleStackProps {
  /** The stack of the stage whose API gets the routes. */
  readonly stage: ModelyardStack;
  /** The worker of the services. */
  readonly worker: ModelManifest;
  /** Of `lifecycle/models`. */
  readonly models: readonly ModelManifest[];
  /** Replacements on an emulator. @default Aurora DSQL and S3 */
  readonly emulator?: {
    readonly databases: Readonly<Partial<Record<keyof typeof DATABASE_URLS, string>>>;
    readonly s3Endpoint: string;
  };
}

/** A prediction by entity does what submitting does; a rollback changes what instances serve. */
const MAY = [
  ...['create tasks', 'get tasks', 'send tasks', 'read results', 'list models', 'read contracts', 'measure queues'],
  ...['change models', 'wake models', 'list instances', 'launch instances'],
] as const satisfies readonly (keyof typeof PERMISSIONS)[];
/** The drivers of PostgreSQL and the tables of results. */
const MEMORY_MIB = 512;
const POSTGRES_PORT = 5432;
const DUE_RETRIES = 3;

/** The lifecycle of a stage: its databases, its artifacts, its worker and its routes. It costs nothing while it sleeps. */
export class LifecycleStack extends Stack {
  constructor(scope: Construct, id: string, { stage: main, worker, models, emulator }: LifecycleStackProps) {
    super(scope, id, {
      description: `Modelyard, stage ${main.stage}: from data to a served version`,
      terminationProtection: main.config.keepsData,
    });
    const { stage, config, prefix, cluster, network, data, identity, handlers } = main;
    const { keepsData, tracing, platformLogs, capacity, emulated, alertsFrom } = config as StageConfig;
    const logRetention = config.logRetentionDays;
    const databases = new DsqlDatabases(this, 'Databases', {
      variables: DATABASE_URLS,
      keepsData,
      given: emulator?.databases,
      restored: config.restoredDatabases,
    });
    const clusterArns = databases.clusters.map(({ arn }) => arn);
    if (keepsData && clusterArns.length > 0) new DsqlBackups(this, 'Backups', { clusterArns });
    new ArtifactBucket(this, 'Artifacts', { stage, keepsData });
    const artifacts = artifactsOf(this, stage);

    const securityGroup = new SecurityGroup(this, 'Instances', {
      vpc: network.vpc,
      description: 'Instances of the lifecycle: out over TLS and to Aurora DSQL, nothing in',
      allowAllOutbound: false,
    });
    const isIpv6 = config.network === 'ipv6';
    for (const port of [443, POSTGRES_PORT]) {
      securityGroup.addEgressRule(isIpv6 ? Peer.anyIpv6() : Peer.anyIpv4(), Port.tcp(port), 'AWS services');
    }
    const { instanceSubnets, outbound } = network;
    const outward = { assignPublicIp: config.network === 'public' && !emulated };
    const services = [worker, ...models].map((manifest) => {
      const { name: model } = manifest;
      const isWorker = manifest === worker;
      const queues = new ModelQueues(this, `${model}-queues`, { prefix, model });
      const givenUp = new CfnEventSourceMapping(this, `${model}-given-up`, {
        functionName: handlers.giveUpTask.functionArn,
        eventSourceArn: queues.deadLetters.queueArn,
        functionResponseTypes: ['ReportBatchItemFailures'],
      });
      acknowledge(givenUp, DEAD_LETTERS_STAY);
      const service = new ModelService(this, model, {
        ...{ manifest, cluster, data, queues, prefix, capacity, logRetention, artifacts },
        network: { instanceSubnets, outbound, securityGroup },
        isIpv6,
        capacityProviders: main.capacityProviders,
        image: lifecycleImage(config.images, isIpv6),
        folder: isWorker ? '/app/lifecycle/worker/lifecycle' : `/app/lifecycle/models/${model}`,
        ...outward,
        ...(isWorker
          ? {
              grantMore(instance) {
                databases.grantConnect(instance);
                artifacts.grantAll(instance);
                data.grantCreateTasks(instance);
                data.grantReadResults(instance);
              },
            }
          : {}),
      });
      return { queues, service };
    });

    const handler = new HandlerFunction(new Construct(this, 'Handlers'), 'Lifecycle', {
      folder: 'lifecycle',
      description: 'Answers the routes of the lifecycle, and starts due work',
      memoryMiB: MEMORY_MIB,
      timeout: API_TIMEOUT,
      ...{ logRetention, tracing, platformLogs, logGroup: handlers.log },
    });
    data.introduce(handler);
    identity.introduce(handler);
    handler.addEnvironment(ENV.queueUrlPrefix, queueUrlPrefix(this, prefix));
    handler.addEnvironment(ENV.callDays, String(config.callDays));
    const limited = identity.isOn ? config.userLimits : 'none';
    handler.addEnvironment(ENV.userLimits, limited);
    if (limited !== 'none') data.grantCountUsage(handler);
    handler.addEnvironment(ENV.scratchFolder, '/tmp');
    if (emulator) handler.addEnvironment(ENV.s3Endpoint, emulator.s3Endpoint);
    const { kind, corsOrigins } = config.api;
    if (kind === 'rest' && corsOrigins.length > 0) handler.addEnvironment(ENV.corsOrigins, corsOrigins.join(' '));
    const grantors = {
      ...{ data, identity, webhooks: main.webhooks },
      queues: [...main.services.map((service) => service.queues), ...services.map(({ queues }) => queues)],
      services: [...main.services, ...services.map(({ service }) => service)],
    };
    for (const permission of MAY) PERMISSIONS[permission](grantors, handler);
    databases.grantConnect(handler);
    new DatabaseRoles(this, 'DatabaseRoles', { databases, logRetention, platformLogs });
    artifacts.grantReadAndWrite(handler);

    const topic = new AlertsTopic(this, 'Alerts', { prefix, subscribers: config.subscribers ?? [] });
    topic.grantPublish(handler);
    new CfnOutput(this, 'AlertsTopic', { value: topic.topicArn, description: 'A channel for the rules of alerts' });
    if (alertsFrom !== undefined) mailFrom(this, alertsFrom, handler);

    const role = new Role(this, 'DueRole', { assumedBy: new ServicePrincipal('scheduler.amazonaws.com') });
    acknowledgeVersions(role, handler);
    new Schedule(this, 'Due', {
      description: 'Starts scheduled pipeline runs, and delivers pending events',
      schedule: ScheduleExpression.rate(Duration.minutes(1)),
      target: new LambdaInvoke(handler, {
        input: ScheduleTargetInput.fromObject({ due: ContextAttribute.scheduledTime }),
        role,
        retryAttempts: DUE_RETRIES,
        maxEventAge: Duration.minutes(5),
      }),
    });
    const served = services.map(({ service }) => service);
    const [runsStages] = served;
    if (runsStages) {
      const { assignPublicIp } = outward;
      grantContainerTasks(runsStages, { cluster, prefix, subnets: instanceSubnets, securityGroup, assignPublicIp });
      const alarms = { stage, prefix, worker: runsStages, services: served, handler, hasTopic: !emulated };
      new LifecycleAlarms(this, 'Alarms', alarms);
    }
    main.api.extend(this, { routes: LIFECYCLE_ROUTES, handler });
    if (keepsData) retainLogs(this);
    Tags.of(this).add('project', 'modelyard');
    Tags.of(this).add('stage', stage);
  }
}

/** Mail by Amazon SES from an address of which it, or its domain, is an identity of the account. */
function mailFrom(stack: Stack, address: string, handler: HandlerFunction): void {
  handler.addEnvironment(ENV.smtpUrl, 'ses:');
  handler.addEnvironment(ENV.smtpFrom, address);
  const identities = [address, address.split('@')[1] ?? address];
  const resources = identities.map((resourceName) =>
    stack.formatArn({ service: 'ses', resource: 'identity', resourceName }),
  );
  handler.addToRolePolicy(new PolicyStatement({ actions: ['ses:SendEmail', 'ses:SendRawEmail'], resources }));
}
