import type { IMetric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { HandlerName, Method, Route } from '#api/http/routes.ts';

export interface HttpApiProps {
  readonly routes: readonly Route[];
  readonly handlers: ReadonlyMap<HandlerName, IFunction>;
  /** Handles requests that match no route. */
  readonly unrouted: IFunction;
  /** Name in the console. */
  readonly name: string;
  readonly ratePerSecond: number;
  readonly burst: number;
  /** Origins that browsers may call from. Empty: none. */
  readonly corsOrigins: readonly string[];
  readonly logRetention: RetentionDays;
  readonly tracing: boolean;
  /** Authorizer of routes with `auth: 'caller'`. @default none */
  readonly authorizer?: IFunction | undefined;
}

/** An API Gateway API of either kind. */
export interface HttpApi extends Construct {
  /** Ends with a slash. */
  readonly url: string;
  readonly metrics: HttpApiMetrics;
}

export interface HttpApiMetrics {
  requests(options?: MetricOptions): IMetric;
  /** Responses with 5xx. */
  serverErrors(options?: MetricOptions): IMetric;
  /** Responses with 4xx, including throttled requests. */
  clientErrors(options?: MetricOptions): IMetric;
  latency(options?: MetricOptions): IMetric;
}

/** One line of the access log, in variables of API Gateway. */
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

/** HEAD is handled as GET; API Gateway drops the body. */
export const methodsOf = ({ method }: Route): readonly ('HEAD' | Method)[] =>
  method === 'GET' ? ['GET', 'HEAD'] : [method];

/** Cached results apply to every route, so the authorizer returns a policy for the whole stage. */
export const AUTHORIZER_CACHE_SECONDS = 300;
