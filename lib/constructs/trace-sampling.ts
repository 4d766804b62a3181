import { CfnSamplingRule } from 'aws-cdk-lib/aws-xray';
import { Construct } from 'constructs';

/** The share of traced requests. X-Ray's default rule also samples one request per second. */
export const TRACED_SHARE = 0.05;

/** A sampling rule for the stage, so that traces cost the same for any distribution of requests. */
export class TraceSampling extends Construct {
  constructor(scope: Construct, id: string, { ruleName }: { readonly ruleName: string }) {
    super(scope, id);
    new CfnSamplingRule(this, 'Rule', {
      samplingRule: {
        ruleName,
        // Before the default rule, which is last.
        priority: 1000,
        reservoirSize: 0,
        fixedRate: TRACED_SHARE,
        // The service name of a REST API is its name and stage.
        serviceName: `${ruleName}/*`,
        serviceType: 'AWS::ApiGateway::Stage',
        ...{ host: '*', httpMethod: '*', urlPath: '*', resourceArn: '*', version: 1 },
      },
    });
  }
}
