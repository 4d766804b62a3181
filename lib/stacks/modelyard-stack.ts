import { CfnOutput, Stack, Tags } from 'aws-cdk-lib';
import { CfnClusterCapacityProviderAssociations, Cluster } from 'aws-cdk-lib/aws-ecs';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { ROUTES } from '#api/http/routes.ts';
import type { ModelManifest } from '#catalog/manifest.ts';
import { acknowledge } from '../constructs/acknowledge.ts';
import { Alarms } from '../constructs/alarms.ts';
import { artifactsOf } from '../constructs/artifact-bucket.ts';
import { Data } from '../constructs/data.ts';
import { CollectorSchedule, Handlers } from '../constructs/handlers.ts';

import type { HttpApi, HttpApiProps } from '../constructs/http-api.ts';
import { Identity } from '../constructs/identity.ts';
import { inlinePolicies } from '../constructs/inline-policies.ts';
import { LeanHttpApi } from '../constructs/lean-http-api.ts';
import { modelImage } from '../constructs/model-image.ts';
import { ModelQueues } from '../constructs/model-queues.ts';
import { ModelService } from '../constructs/model-service.ts';
import { namedQueues, namedService } from '../constructs/named-models.ts';
import { Network } from '../constructs/network.ts';
import { Notifications } from '../constructs/notifications.ts';
import { RestHttpApi } from '../constructs/rest-http-api.ts';
import { retainLogs } from '../constructs/retain-logs.ts';
import { StageDashboard } from '../constructs/stage-dashboard.ts';
import { StartTest } from '../constructs/start-test.ts';
import { SubmitUrl } from '../constructs/submit-url.ts';
import { TraceSampling } from '../constructs/trace-sampling.ts';
import { WebhookQueue } from '../constructs/webhook-queue.ts';
import type { StageConfig } from './stage-config.ts';

export interface ModelyardStackProps {
  readonly stage: string;
  readonly config: StageConfig;
  readonly models: readonly ModelManifest[];
  /** Names of the models of the stage's lifecycle, which a stack of its own has: the worker first. @default no lifecycle */
  readonly lifecycleModels?: readonly string[];
}

/** All resources of one stage. */
export class ModelyardStack extends Stack {
  readonly stage: string;
  readonly config: StageConfig;
  /** First part of all names. */
  readonly prefix: string;
  readonly data: Data;
  readonly network: Network;
  readonly cluster: Cluster;
  readonly capacityProviders: CfnClusterCapacityProviderAssociations | undefined;
  readonly services: readonly ModelService[];
  readonly webhooks: WebhookQueue;
  readonly identity: Identity;
  readonly handlers: Handlers;
  readonly api: HttpApi;

  constructor(scope: Construct, id: string, { stage, config, models, lifecycleModels = [] }: ModelyardStackProps) {
    super(scope, id, {
      description: `Modelyard, stage ${stage}: models behind an HTTPS API`,
      terminationProtection: config.keepsData,
    });
    assertClosed(stage, config);
    const prefix = `modelyard-${stage}-`;
    this.stage = stage;
    this.config = config;
    this.prefix = prefix;
    const logRetention: RetentionDays = config.logRetentionDays;
    const { keepsData, tracing, capacity, emulated } = config;

    const data = new Data(this, 'Data', { keepsData, listsTasks: config.listsTasks });
    const network = new Network(this, 'Network', { kind: config.network });
    const cluster = new Cluster(this, 'Cluster', { vpc: network.vpc });
    const capacityProviders = emulated ? undefined : withFargate(cluster);
    const services = models.map((manifest) => {
      const { name: model } = manifest;
      const queues = new ModelQueues(this, `${model}-queues`, { prefix, model });
      const isIpv6 = config.network === 'ipv6';
      const image = modelImage(config.images, model, isIpv6);
      const assignPublicIp = config.network === 'public' && !emulated;
      const artifacts = lifecycleModels.length > 0 ? artifactsOf(this, stage) : undefined;
      const places = { prefix, cluster, network, data, artifacts };
      const shared = { ...places, capacity, capacityProviders, logRetention };
      return new ModelService(this, model, { ...shared, manifest, queues, image, assignPublicIp, isIpv6 });
    });

    const queues = services.map((service) => service.queues);
    const [worker] = lifecycleModels;
    const elsewhere = lifecycleModels.map((model) => ({ prefix, model, cluster }));
    const { reservedConcurrency, platformLogs, minInstances } = config;
    const { corsOrigins } = config.api;
    const identity = new Identity(this, 'Identity', { auth: config.auth, data });
    this.webhooks = new WebhookQueue(this, 'Webhooks', { prefix });
    const handlers = new Handlers(this, 'Handlers', {
      ...{
        stage,
        prefix,
        cluster,
        data,
        queues: [...queues, ...elsewhere.map((model) => namedQueues(this, model))],
        ownServices: services,
        services: [...services, ...elsewhere.map((model) => namedService(this, model))],
        stages: worker === undefined ? undefined : namedQueues(this, { prefix, model: worker, cluster }),
        webhooks: this.webhooks,
        minInstances,
        logRetention,
        tracing,
        platformLogs,
        reservedConcurrency,
      },
      ...{ pollsDeadLetters: emulated, testsStarts: !emulated },
      corsOrigins: config.api.kind === 'rest' ? corsOrigins : [],
      ...{ identity, submitUrl: config.api.submitUrl, callDays: config.callDays, userLimits: config.userLimits },
    });
    if (tracing && !emulated) new TraceSampling(this, 'Traces', { ruleName: `modelyard-${stage}` });
    const { testStart: tester } = handlers;
    if (tester) for (const service of services) new StartTest(service, 'StartTest', { service, tester });
    new CollectorSchedule(this, 'Collector', { collector: handlers.collectMetrics });
    const api = createApi(this, config, {
      ...{ ...config.api, name: `modelyard-${stage}`, routes: ROUTES, logRetention, tracing },
      ...{ handlers: handlers.byName, unrouted: handlers.refuseRoute, authorizer: handlers.authorizeCaller },
    });

    this.data = data;
    this.network = network;
    this.cluster = cluster;
    this.capacityProviders = capacityProviders;
    this.services = services;
    this.identity = identity;
    this.handlers = handlers;
    this.api = api;

    const submit = handlers.byName.get('submit-task');
    const submitUrl =
      config.api.submitUrl && submit ? new SubmitUrl(this, 'SubmitUrlOf', { submit, corsOrigins }) : undefined;
    if (submitUrl) {
      const { url: value } = submitUrl;
      new CfnOutput(this, 'SubmitUrl', { value, description: 'Where predictions are asked for without a gateway' });
    }

    const watched = { stage, prefix, api, submitUrl, data, handlers, models: services };
    const { all: alarms } = new Alarms(this, 'Alarms', watched);
    const { subscribers = [], monthlyBudget } = config;
    if (!emulated) new Notifications(this, 'Notifications', { stage, prefix, alarms, subscribers, monthlyBudget });
    const dashboard = new StageDashboard(this, 'Dashboard', watched);
    this.#output(api, dashboard, services);
    this.#outputUsers(stage, data, identity);
    this.#acknowledge(cluster);
    if (keepsData) retainLogs(this);
    inlinePolicies(this);
    Tags.of(this).add('project', 'modelyard');
    Tags.of(this).add('stage', stage);
  }

  #output(api: HttpApi, dashboard: StageDashboard, services: readonly ModelService[]): void {
    new CfnOutput(this, 'ApiUrl', { value: api.url, description: 'Where predictions are asked for' });
    new CfnOutput(this, 'DocsUrl', { value: `${api.url}docs`, description: 'The documentation of the API' });
    new CfnOutput(this, 'DashboardUrl', { value: dashboard.url, description: 'How the stage is doing' });
    const names = services.map(({ queues }) => queues.tasks.queueName).join(' ');
    new CfnOutput(this, 'QueueNames', { value: names, description: 'The task queue of each model' });
  }

  /** Outputs that `npm run users -- … --stage` reads, and the first of these commands. */
  #outputUsers(stage: string, data: Data, { signingKeys }: Identity): void {
    new CfnOutput(this, 'UsersTable', { value: data.users.tableName, description: 'Where users are kept' });
    if (!signingKeys) return;
    new CfnOutput(this, 'SigningKeys', { value: signingKeys.secretArn, description: 'The secret that signs tokens' });
    const value = `npm run users -- add admin --role admin --stage ${stage}`;
    new CfnOutput(this, 'FirstAdmin', {
      value,
      description: 'Adds the first administrator and prints a password once',
    });
  }

  #acknowledge(cluster: Cluster): void {
    acknowledge(cluster, {
      'AwsSolutions-ECS4':
        'Container Insights costs more than a sleeping stage; the collector publishes instances and backlogs, and instances have metrics of their own.',
    });
  }
}

/** Throws for settings that would let everybody in, or that do not go together. */
function assertClosed(stage: string, { auth, api, emulated }: StageConfig): void {
  if (auth.kind === 'none' && !emulated) throw new Error(`The stage ${stage} would let everybody in: set auth.`);
  if (api.firewall && api.kind !== 'rest') throw new Error(`The stage ${stage} needs a REST API for a firewall.`);
}

/** An explicit association, because the CDK adds its own too late for services to depend on it. */
const withFargate = (cluster: Cluster): CfnClusterCapacityProviderAssociations =>
  new CfnClusterCapacityProviderAssociations(cluster, 'CapacityProviders', {
    cluster: cluster.clusterName,
    capacityProviders: ['FARGATE', 'FARGATE_SPOT'],
    defaultCapacityProviderStrategy: [],
  });

const createApi = (scope: Construct, { api }: StageConfig, props: HttpApiProps): HttpApi =>
  api.kind === 'rest' ? new RestHttpApi(scope, 'Api', props) : new LeanHttpApi(scope, 'Api', props);
