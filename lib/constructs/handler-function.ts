import { fileURLToPath } from 'node:url';
import { AssetHashType, DockerImage, Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, LoggingFormat, Runtime, SystemLogLevel, Tracing } from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import { type ILogGroup, LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { EnvironmentName } from '#platform/environment.ts';
import { LAMBDA_HANDLER, writeLambda } from '../bundling/bundle-lambda.ts';
import { acknowledge, acknowledgeEverything } from './acknowledge.ts';

export interface HandlerFunctionProps {
  /** A folder of `lambdas/`. */
  readonly folder: string;
  readonly description: string;
  readonly memoryMiB: number;
  readonly timeout: Duration;
  readonly logRetention: RetentionDays;
  /** @default a log group of its own */
  readonly logGroup?: ILogGroup | undefined;
  readonly tracing: boolean;
  /** Start and report lines of every run. Without them, Lambda logs only warnings. */
  readonly platformLogs: boolean;
  /** Reserved concurrency. @default the account's */
  readonly reservedConcurrency?: number | undefined;
}

const LAMBDAS = fileURLToPath(new URL('../../lambdas/', import.meta.url));

/** One Lambda with its own role, and no permissions. */
export class HandlerFunction extends NodejsFunction {
  constructor(scope: Construct, id: string, props: HandlerFunctionProps) {
    const { folder, reservedConcurrency } = props;
    const logGroup = props.logGroup ?? createLog(scope, `${id}Log`, props.logRetention);
    super(scope, id, {
      description: props.description,
      code: bundled(`${LAMBDAS}${folder}`),
      handler: LAMBDA_HANDLER,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: props.memoryMiB,
      timeout: props.timeout,
      tracing: props.tracing ? Tracing.ACTIVE : Tracing.DISABLED,
      loggingFormat: LoggingFormat.JSON,
      systemLogLevelV2: props.platformLogs ? SystemLogLevel.INFO : SystemLogLevel.WARN,
      logGroup,
      environment: { NODE_OPTIONS: '--enable-source-maps' },
      ...(reservedConcurrency === undefined ? {} : { reservedConcurrentExecutions: reservedConcurrency }),
    });
    acknowledgeDefaults(this);
    if (props.tracing) {
      acknowledgeEverything(this.grantPrincipal, 'Traces belong to the account: X-Ray knows no smaller resources.');
    } else {
      acknowledge(this, {
        'Serverless-LambdaTracing':
          'Without traces for their price: a stage of that kind, or a function that serves no request; logs carry the trace context.',
      });
    }
  }
}

/** A log that is deleted with its stack. */
export const createLog = (scope: Construct, id: string, retention: RetentionDays): LogGroup =>
  new LogGroup(scope, id, { retention, removalPolicy: RemovalPolicy.DESTROY });

function acknowledgeDefaults(fn: NodejsFunction): void {
  acknowledge(fn, {
    'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]':
      'The managed policy allows writing logs and nothing else, and AWS keeps it current.',
    'Serverless-LambdaDLQ':
      'Only the minute schedule, whose next run makes up for a lost one, the subscription of the call log, which counts what it loses, and CloudFormation, which waits for the answer, invoke functions asynchronously.',
  });
}

/** Bundled by esbuild in this process, with the options of the bundle report and without Docker. */
const bundled = (folder: string): Code =>
  Code.fromAsset(folder, {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      image: DockerImage.fromRegistry('unused'),
      local: {
        tryBundle(outputFolder) {
          writeLambda(folder, outputFolder);
          return true;
        },
      },
    },
  });

/** API Gateway times out after 29 s. */
export const API_TIMEOUT = Duration.seconds(28);

/** A grantee with environment variables: a function or the container of a model. */
export interface Consumer extends IGrantable {
  addEnvironment(name: EnvironmentName, value: string): unknown;
}
