import { Duration, Stack } from 'aws-cdk-lib';
import type { Cluster } from 'aws-cdk-lib/aws-ecs';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { HANDLER_NAMES, type HandlerName, ROUTES } from '#api/http/routes.ts';
import { ENV } from '#platform/environment.ts';
import { acknowledge } from './acknowledge.ts';
import { CallRecording } from './call-recording.ts';
import { API_TIMEOUT, createLog, HandlerFunction } from './handler-function.ts';
import { type Grantors, PERMISSIONS } from './handler-permissions.ts';
import { type BackgroundHandlerName, HANDLER_MEMORY_MIB, PROFILES } from './handler-profiles.ts';
import { type ModelQueueGrants, queueUrlPrefix } from './model-queues.ts';
import type { ModelService } from './model-service.ts';

export interface HandlersProps extends Grantors {
  /** Models of this stack, whose dead letters are given up. */
  readonly ownServices: readonly ModelService[];
  /** The queue of stages, if another stack adds the lifecycle. */
  readonly stages: ModelQueueGrants | undefined;
  readonly stage: string;
  readonly cluster: Cluster;
  /** First part of all queue names. */
  readonly prefix: string;
  /** Instances of each model that stay while idle. */
  readonly minInstances: number;
  /** Whether Lambda polls for dead letters all the time. For emulators. */
  readonly pollsDeadLetters: boolean;
  /** Whether deployments start instances of new images. */
  readonly testsStarts: boolean;
  readonly logRetention: RetentionDays;
  readonly tracing: boolean;
  readonly platformLogs: boolean;
  /** Whether the submit handler has a function URL: then it verifies callers itself. */
  readonly submitUrl: boolean;
  /** How long calls are kept, in days. 0: they are not recorded. */
  readonly callDays: number;
  /** Which limits of users are enforced. */
  readonly userLimits: 'all' | 'rates' | 'none';
  /** Origins whose pages may read responses of a REST API. @default none */
  readonly corsOrigins: readonly string[];
  /** Reserved concurrency by folder. @default the account's */
  readonly reservedConcurrency?: Readonly<Record<string, number>> | undefined;
}

export const DEAD_LETTERS_STAY = {
  'Serverless-LambdaEventSourceMappingDestination':
    'What fails stays in the dead-letter queue, which is the destination, and has an alarm; SQS sources take no other.',
} as const;

/** SQS requires a visibility timeout of at least six times this value. */
const GIVE_UP_TIMEOUT = Duration.seconds(10);
/** A batch waits for its slowest receiver: 15 s, with reads and writes. The queue hides messages for six times as long. */
const SEND_TIMEOUT = Duration.seconds(30);
/** Concurrent senders: slow receivers hold ten webhooks each for 15 s. */
const MAX_SENDERS = 20;
const COLLECT_TIMEOUT = Duration.seconds(30);
const RECORD_TIMEOUT = Duration.seconds(30);
/** Longer than the test of an image. */
const TEST_TIMEOUT = Duration.minutes(14);
/** API Gateway waits ten seconds for an authorizer. */
const AUTHORIZE_TIMEOUT = Duration.seconds(9);

/** All Lambdas, each with the permissions of its profile. */
export class Handlers extends Construct {
  readonly byName: ReadonlyMap<HandlerName, HandlerFunction>;
  readonly giveUpTask: HandlerFunction;
  readonly sendWebhooks: HandlerFunction;
  readonly collectMetrics: HandlerFunction;
  readonly refuseRoute: HandlerFunction;
  /** The authorizer of the API. Undefined where callers are not verified. */
  readonly authorizeCaller: HandlerFunction | undefined;
  /** Writes the call log. Undefined where calls are not recorded. */
  readonly recordCalls: HandlerFunction | undefined;
  /** Tests new images in a deployment. Undefined on emulators. */
  readonly testStart: HandlerFunction | undefined;
  readonly #props: HandlersProps;
  /** Of all functions that answer routes. Calls are recorded from it, by one subscription. */
  readonly log: LogGroup;

  constructor(scope: Construct, id: string, props: HandlersProps) {
    super(scope, id);
    this.#props = props;
    this.log = createLog(this, 'Log', props.logRetention);
    this.byName = new Map(HANDLER_NAMES.map((name) => [name, this.#create(name, API_TIMEOUT)]));
    this.refuseRoute = this.#create('refuse-route', API_TIMEOUT);
    this.authorizeCaller = props.identity.isOn ? this.#create('authorize-caller', AUTHORIZE_TIMEOUT) : undefined;
    this.giveUpTask = this.#create('give-up-task', GIVE_UP_TIMEOUT);
    this.collectMetrics = this.#create('collect-metrics', COLLECT_TIMEOUT);
    this.recordCalls = props.callDays > 0 ? this.#create('record-calls', RECORD_TIMEOUT) : undefined;
    this.testStart = props.testsStarts ? this.#create('test-start', TEST_TIMEOUT) : undefined;
    this.testStart?.addToRolePolicy(
      new PolicyStatement({ actions: ['cloudformation:DescribeStacks'], resources: [Stack.of(this).stackId] }),
    );
    const { recordCalls: recorder } = this;
    if (recorder) new CallRecording(this, 'CallRecording', { log: this.log, recorder });
    this.collectMetrics.addEnvironment(ENV.stage, props.stage);
    this.collectMetrics.addEnvironment(ENV.minInstances, String(props.minInstances));
    this.#connectDeadLetters();
    this.sendWebhooks = this.#create('send-webhooks', SEND_TIMEOUT);
    this.sendWebhooks.addEventSource(
      new SqsEventSource(props.webhooks.queue, { reportBatchItemFailures: true, maxConcurrency: MAX_SENDERS }),
    );
    acknowledge(this.sendWebhooks, {
      'Serverless-LambdaEventSourceMappingDestination':
        'Failed messages stay in the queue and are redriven from there.',
    });
    for (const queue of props.queues) queue.grantTakeDeadLetters?.(this.giveUpTask);
    if (props.stages) this.#connectLifecycle(props.stages);
    acknowledge(this.giveUpTask, DEAD_LETTERS_STAY);
  }

  get all(): readonly HandlerFunction[] {
    const { refuseRoute, authorizeCaller, giveUpTask, sendWebhooks, collectMetrics, recordCalls, testStart } = this;
    const others = [refuseRoute, authorizeCaller, giveUpTask, sendWebhooks, collectMetrics, recordCalls, testStart];
    return [...this.byName.values(), ...others.flatMap((fn) => fn ?? [])];
  }

  #connectLifecycle(stages: ModelQueueGrants): void {
    const { identity, data } = this.#props;
    this.byName.get('get-openapi')?.addEnvironment(ENV.lifecycle, 'on');
    const users = this.byName.get('manage-users');
    if (!users || !identity.isOpen) return;
    // Who deletes a user queues the stages that erase the user there.
    users.addEnvironment(ENV.lifecycle, 'on');
    data.grantCreateTasks(users);
    stages.grantSend(users);
  }

  /** An enabled source polls all the time, which is billed. So the collector enables it while letters wait. */
  #connectDeadLetters(): void {
    const { ownServices, pollsDeadLetters: enabled } = this.#props;
    const sources = ownServices.map(({ manifest, queues }) => {
      const source = new SqsEventSource(queues.deadLetters, { reportBatchItemFailures: true, enabled });
      this.giveUpTask.addEventSource(source);
      return { model: manifest.name, id: source.eventSourceMappingId, arn: source.eventSourceMappingArn };
    });
    if (enabled || sources.length === 0) return;
    const value = sources.map(({ model, id }) => `${model}=${id}`).join(' ');
    this.collectMetrics.addEnvironment(ENV.deadLetterSources, value);
    this.collectMetrics.addToRolePolicy(
      new PolicyStatement({
        actions: ['lambda:GetEventSourceMapping', 'lambda:UpdateEventSourceMapping'],
        resources: sources.map(({ arn }) => arn),
      }),
    );
  }

  #create(name: HandlerName | BackgroundHandlerName, timeout: Duration): HandlerFunction {
    const {
      data,
      identity,
      userLimits,
      prefix,
      logRetention,
      tracing,
      platformLogs,
      reservedConcurrency,
      corsOrigins,
    } = this.#props;
    const isByUrl = name === 'submit-task' && this.#props.submitUrl;
    const { description, may, memoryMiB = HANDLER_MEMORY_MIB } = PROFILES[name];
    const fn = new HandlerFunction(this, pascalCase(name), {
      folder: isByUrl ? 'submit-by-url' : name,
      description,
      memoryMiB,
      timeout,
      logRetention,
      logGroup: answersRoutes(name) ? this.log : undefined,
      // Its runs are no part of a request, and each would be billed.
      tracing: tracing && name !== 'collect-metrics' && name !== 'test-start',
      platformLogs,
      reservedConcurrency: reservedConcurrency?.[name],
    });
    data.introduce(fn);
    identity.introduce(fn);
    if (isByUrl) identity.grantVerify(fn);
    const limited = identity.isOn && asksCallers(name) ? userLimits : 'none';
    fn.addEnvironment(ENV.userLimits, limited);
    if (limited !== 'none') data.grantCountUsage(fn);
    fn.addEnvironment(ENV.callDays, String(this.#props.callDays));
    if (corsOrigins.length > 0) fn.addEnvironment(ENV.corsOrigins, corsOrigins.join(' '));
    fn.addEnvironment(ENV.queueUrlPrefix, queueUrlPrefix(this, prefix));
    for (const permission of may) PERMISSIONS[permission](this.#props, fn);
    return fn;
  }
}

const answersRoutes = (name: HandlerName | BackgroundHandlerName): boolean =>
  name === 'refuse-route' || HANDLER_NAMES.some((handler) => handler === name);

/** Whether it has a route whose callers are known. */
const asksCallers = (name: string): boolean =>
  ROUTES.some(({ handler, role }) => handler === name && role !== 'public');

const pascalCase = (name: string): string =>
  name.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());

export class CollectorSchedule extends Construct {
  constructor(scope: Construct, id: string, { collector }: { readonly collector: IFunction }) {
    super(scope, id);
    const rule = new Rule(this, 'EveryMinute', {
      description: 'Scales the models',
      schedule: Schedule.rate(Duration.minutes(1)),
    });
    // No retries: the next minute looks again.
    rule.addTarget(new LambdaFunction(collector, { retryAttempts: 0, maxEventAge: Duration.minutes(1) }));
    acknowledge(rule, {
      'Serverless-EventBusDLQ': 'A minute that was missed is worth nothing later: the next run sees current numbers.',
    });
  }
}
