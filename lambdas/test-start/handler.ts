import { type Clock, type Logger, type StartTests, testStart } from '#core';

interface TestStartDeps {
  readonly tests: StartTests;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The fields of an event of a custom resource of CloudFormation that are read. */
export interface CustomResourceEvent {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  readonly ResponseURL: string;
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId?: string;
  readonly ResourceProperties: { readonly Model: string; readonly TaskDefinition: string };
}

/** Fails the deployment of an image from which a sleeping model does not start. CloudFormation waits for the answer. */
export const createHandler = (deps: TestStartDeps) =>
  async function testNewImage(event: CustomResourceEvent): Promise<void> {
    const { RequestType, StackId, RequestId, LogicalResourceId, PhysicalResourceId, ResourceProperties } = event;
    const { Model: model, TaskDefinition: image } = ResourceProperties;
    const fault = RequestType === 'Delete' ? undefined : await faultOf(deps, { model, image, deployment: StackId });
    if (fault === undefined) deps.logger.info('The image was tested, or needs no test.', { model, image });
    else deps.logger.error('The image does not start.', { model, image, reason: fault });
    const answer = {
      Status: fault === undefined ? 'SUCCESS' : 'FAILED',
      ...(fault === undefined ? {} : { Reason: fault }),
      ...{ StackId, RequestId, LogicalResourceId, PhysicalResourceId: PhysicalResourceId ?? `start-of-${model}` },
    };
    // The signature of the URL covers an empty type.
    await fetch(event.ResponseURL, { method: 'PUT', headers: { 'Content-Type': '' }, body: JSON.stringify(answer) });
  };

/** Without an answer, CloudFormation would wait until the test takes too long. */
const faultOf = (deps: TestStartDeps, test: Parameters<typeof testStart>[1]): Promise<string | undefined> =>
  testStart(deps, test).catch((error: unknown) => `The start could not be tested: ${String(error)}`);
