import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { EnvironmentName } from '#platform/environment.ts';

/** What grants are given to: a function, or the container of a model. */
export interface Consumer extends IGrantable {
  addEnvironment(name: EnvironmentName, value: string): unknown;
}
