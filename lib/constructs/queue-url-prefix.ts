import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/** URL of every queue of a stage up to the model's name, as `taskQueueName` completes it. */
export function queueUrlPrefix(scope: Construct, prefix: string): string {
  const { region, urlSuffix, account } = Stack.of(scope);
  return `https://sqs.${region}.${urlSuffix}/${account}/${prefix}`;
}
