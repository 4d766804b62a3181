import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { EnvironmentName } from '#platform/environment.ts';

/** A grantee with environment variables: a function or the container of a model. */
export interface Consumer extends IGrantable {
  addEnvironment(name: EnvironmentName, value: string): unknown;
}
