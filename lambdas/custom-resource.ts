/** The fields of an event of a custom resource of CloudFormation that are read. */
export interface CustomResourceEvent<Properties> {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  readonly ResponseURL: string;
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId?: string;
  readonly ResourceProperties: Properties;
}

interface Outcome {
  /** Of a new resource. */
  readonly id: string;
  /** Why the deployment fails. */
  readonly fault: string | undefined;
}

/** Answers CloudFormation, which waits for it. */
export async function answerCloudFormation(event: CustomResourceEvent<unknown>, { id, fault }: Outcome): Promise<void> {
  const { StackId, RequestId, LogicalResourceId, PhysicalResourceId = id } = event;
  const answer = {
    Status: fault === undefined ? 'SUCCESS' : 'FAILED',
    ...(fault === undefined ? {} : { Reason: fault }),
    ...{ StackId, RequestId, LogicalResourceId, PhysicalResourceId },
  };
  // The signature of the URL covers an empty type.
  await fetch(event.ResponseURL, { method: 'PUT', headers: { 'Content-Type': '' }, body: JSON.stringify(answer) });
}
