import { FunctionUrlAuthType, type FunctionUrlCorsOptions, HttpMethod, type IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';

export interface SubmitUrlProps {
  readonly submit: IFunction;
  /** Origins that browsers may call from. Empty: none. */
  readonly corsOrigins: readonly string[];
}

/**
 * The submit handler at an address of its own, beside the API: predictions that come this way pay for no gateway.
 * There is no throttling, no authorizer and no access log in front of it; who calls is the handler's to check.
 */
export class SubmitUrl extends Construct {
  /** Ends in a slash. */
  readonly url: string;

  constructor(scope: Construct, id: string, { submit, corsOrigins }: SubmitUrlProps) {
    super(scope, id);
    const { url } = submit.addFunctionUrl({ authType: FunctionUrlAuthType.NONE, ...cors(corsOrigins) });
    this.url = url;
  }
}

const cors = (origins: readonly string[]): { readonly cors?: FunctionUrlCorsOptions } =>
  origins.length === 0 ? {} : { cors: { allowedOrigins: [...origins], allowedMethods: [HttpMethod.POST] } };
