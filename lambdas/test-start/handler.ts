import { type Clock, type Logger, type StartTests, testStart } from '#core';
import { answerCloudFormation, type CustomResourceEvent } from '../custom-resource.ts';

interface TestStartDeps {
  readonly tests: StartTests;
  readonly clock: Clock;
  readonly logger: Logger;
}

export type StartTestEvent = CustomResourceEvent<{ readonly Model: string; readonly TaskDefinition: string }>;

/** Fails the deployment of an image from which a sleeping model does not start. CloudFormation waits for the answer. */
export const createHandler = (deps: TestStartDeps) =>
  async function testNewImage(event: StartTestEvent): Promise<void> {
    const { RequestType, StackId, ResourceProperties } = event;
    const { Model: model, TaskDefinition: image } = ResourceProperties;
    const fault = RequestType === 'Delete' ? undefined : await faultOf(deps, { model, image, deployment: StackId });
    if (fault === undefined) deps.logger.info('The image was tested, or needs no test.', { model, image });
    else deps.logger.error('The image does not start.', { model, image, reason: fault });
    await answerCloudFormation(event, { id: `start-of-${model}`, fault });
  };

/** Without an answer, CloudFormation would wait until the test takes too long. */
const faultOf = (deps: TestStartDeps, test: Parameters<typeof testStart>[1]): Promise<string | undefined> =>
  testStart(deps, test).catch((error: unknown) => `The start could not be tested: ${String(error)}`);
