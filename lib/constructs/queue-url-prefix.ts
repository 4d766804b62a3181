import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/** The URL of all queues of a stage, up to the part that `taskQueueName` adds. */
export function queueUrlPrefix(scope: Construct, prefix: string): string {
  const { region, urlSuffix, account } = Stack.of(scope);
  return `https://sqs.${region}.${urlSuffix}/${account}/${prefix}`;
}
