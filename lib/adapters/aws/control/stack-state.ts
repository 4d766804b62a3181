import { type CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';

/** What CloudFormation does with a stack. */
export class StackState {
  readonly #client: CloudFormationClient;

  constructor(client: CloudFormationClient) {
    this.#client = client;
  }

  /** `stack`: its id. */
  async isRollingBack(stack: string): Promise<boolean> {
    const { Stacks: [found] = [] } = await this.#client.send(new DescribeStacksCommand({ StackName: stack }));
    return found?.StackStatus?.includes('ROLLBACK') ?? false;
  }
}
