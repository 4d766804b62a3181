import { CfnSamplingRule } from 'aws-cdk-lib/aws-xray';
import { Construct } from 'constructs';

/** Of all requests, how many are traced. X-Ray's own rule adds one every second, which is all of them when few come. */
export const TRACED_SHARE = 0.05;

/** Keeps traces of the stage to a share of its requests, so that they cost the same however the requests are spread. */
export class TraceSampling extends Construct {
  constructor(scope: Construct, id: string, { ruleName }: { readonly ruleName: string }) {
    super(scope, id);
    new CfnSamplingRule(this, 'Rule', {
      samplingRule: {
        ruleName,
        // Before the rule of the account, which is last.
        priority: 1000,
        reservoirSize: 0,
        fixedRate: TRACED_SHARE,
        // A REST API calls itself by its name and stage.
        serviceName: `${ruleName}/*`,
        serviceType: 'AWS::ApiGateway::Stage',
        ...{ host: '*', httpMethod: '*', urlPath: '*', resourceArn: '*', version: 1 },
      },
    });
  }
}
