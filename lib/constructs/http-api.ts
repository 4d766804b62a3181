import type { IMetric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { HandlerName, Method, Route } from '#api/http/routes.ts';

/** What every kind of API is made from. */
export interface HttpApiProps {
  readonly routes: readonly Route[];
  readonly handlers: ReadonlyMap<HandlerName, IFunction>;
  /** Answers what no route takes. */
  readonly unrouted: IFunction;
  /** Shown in the console. */
  readonly name: string;
  readonly ratePerSecond: number;
  readonly burst: number;
  /** Origins that browsers may call from. Empty: none. */
  readonly corsOrigins: readonly string[];
  readonly logRetention: RetentionDays;
  readonly tracing: boolean;
  /** Asked before routes whose caller must be known. @default nobody is asked */
  readonly authorizer?: IFunction | undefined;
}

/** An API in front of the handlers, whatever kind of gateway it is. */
export interface HttpApi extends Construct {
  /** Ends in a slash. */
  readonly url: string;
  readonly metrics: HttpApiMetrics;
}

export interface HttpApiMetrics {
  requests(options?: MetricOptions): IMetric;
  /** Answers from 500 on. */
  serverErrors(options?: MetricOptions): IMetric;
  /** Answers from 400 to 499, throttled callers among them. */
  clientErrors(options?: MetricOptions): IMetric;
  latency(options?: MetricOptions): IMetric;
}

/** The fields of one line of the access log, as the variables of a gateway. */
export const ACCESS_LOG_FORMAT = JSON.stringify({
  requestId: '$context.requestId',
  time: '$context.requestTime',
  ip: '$context.identity.sourceIp',
  method: '$context.httpMethod',
  route: '$context.resourcePath',
  status: '$context.status',
  bytes: '$context.responseLength',
  latencyMs: '$context.responseLatency',
  integrationMs: '$context.integrationLatency',
  error: '$context.error.message',
});

/** The methods of a gateway that a route answers: HEAD is GET, of which the gateway keeps the body to itself. */
export const methodsOf = ({ method }: Route): readonly ('HEAD' | Method)[] =>
  method === 'GET' ? ['GET', 'HEAD'] : [method];

/** How long an authorizer's answer is kept; it must hold for every route, so it is a policy for the whole stage. */
export const AUTHORIZER_CACHE_SECONDS = 300;
