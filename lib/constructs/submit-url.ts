import { Duration } from 'aws-cdk-lib';
import { FunctionUrlAuthType, type FunctionUrlCorsOptions, HttpMethod, type IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { CORS_MAX_AGE_SECONDS, CORS_REQUEST_HEADERS, EXPOSED_HEADERS } from '#api/http/headers.ts';
import type { HttpApiMetrics } from './http-api.ts';

export interface SubmitUrlProps {
  readonly submit: IFunction;
  /** Origins that browsers may call from. Empty: none. */
  readonly corsOrigins: readonly string[];
}

/**
 * A function URL of the submit handler, without the cost of API Gateway. It has no throttling, authorizer or access
 * log. The handler must authenticate callers.
 */
export class SubmitUrl extends Construct {
  /** Ends with a slash. */
  readonly url: string;
  /** The metrics of API Gateway do not include these requests. */
  readonly metrics: HttpApiMetrics;

  constructor(scope: Construct, id: string, { submit, corsOrigins }: SubmitUrlProps) {
    super(scope, id);
    const { url } = submit.addFunctionUrl({ authType: FunctionUrlAuthType.NONE, ...cors(corsOrigins) });
    this.url = url;
    this.metrics = {
      requests: (options) => submit.metric('UrlRequestCount', options),
      serverErrors: (options) => submit.metric('Url5xxCount', options),
      clientErrors: (options) => submit.metric('Url4xxCount', options),
      latency: (options) => submit.metric('UrlRequestLatency', options),
    };
  }
}

const cors = (origins: readonly string[]): { readonly cors?: FunctionUrlCorsOptions } =>
  origins.length === 0
    ? {}
    : {
        cors: {
          allowedOrigins: [...origins],
          allowedMethods: [HttpMethod.POST],
          allowedHeaders: [...CORS_REQUEST_HEADERS],
          exposedHeaders: [...EXPOSED_HEADERS],
          maxAge: Duration.seconds(CORS_MAX_AGE_SECONDS),
        },
      };
