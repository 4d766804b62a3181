import { RemovalPolicy } from 'aws-cdk-lib';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';

/** Keeps all logs below `scope` when the stack is deleted, until their retention ends. */
export function retainLogs(scope: Construct): void {
  for (const construct of scope.node.findAll()) {
    if (construct instanceof LogGroup) construct.applyRemovalPolicy(RemovalPolicy.RETAIN);
  }
}
