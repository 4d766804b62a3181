import { CustomResource, Duration } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { ModelService } from './model-service.ts';

export interface StartTestProps {
  readonly service: ModelService;
  /** `test-start`. */
  readonly tester: IFunction;
}

/** Longer than the function runs. */
const TIMEOUT = Duration.minutes(15);

/** Fails a deployment whose new image does not start, also while the model sleeps and nothing else would start it. */
export class StartTest extends Construct {
  constructor(scope: Construct, id: string, { service: { manifest, service }, tester }: StartTestProps) {
    super(scope, id);
    const test = new CustomResource(this, 'Resource', {
      resourceType: 'Custom::StartTest',
      serviceToken: tester.functionArn,
      serviceTimeout: TIMEOUT,
      properties: { Model: manifest.name, TaskDefinition: service.taskDefinition.taskDefinitionArn },
    });
    // The service has the new image before it is tested.
    test.node.addDependency(service);
  }
}
