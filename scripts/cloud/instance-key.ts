import { DescribeTaskDefinitionCommand, ECSClient } from '@aws-sdk/client-ecs';
import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  GetRolePolicyCommand,
  IAMClient,
  ListRolePoliciesCommand,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import { modelServiceName } from '#adapters/aws/resources.ts';

/** Credentials as environment variables. */
type KeyEnvironment = Readonly<Record<'AWS_ACCESS_KEY_ID' | 'AWS_SECRET_ACCESS_KEY', string>>;

/**
 * A key with the policies of the task role of a deployed model, and no other. Only ECS may assume the role itself. Rejects
 * when the role has no policy.
 */
export async function keyOfInstance(endpoint: string, stack: string, model: string): Promise<KeyEnvironment> {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const connection = { endpoint, region: 'us-east-1', credentials };
  const ecs = new ECSClient(connection);
  const iam = new IAMClient(connection);
  try {
    const taskDefinition = modelServiceName(`${stack}-`, model);
    const { taskDefinition: found } = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition }));
    const RoleName = found?.taskRoleArn?.split('/').at(-1) ?? '';
    const { PolicyNames = [] } = await iam.send(new ListRolePoliciesCommand({ RoleName }));
    if (PolicyNames.length === 0) throw new Error(`The role ${RoleName} has no policy.`);
    const UserName = `${stack}-${model}`;
    await iam.send(new CreateUserCommand({ UserName }));
    for (const PolicyName of PolicyNames) {
      const { PolicyDocument = '' } = await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }));
      const document = decodeURIComponent(PolicyDocument);
      await iam.send(new PutUserPolicyCommand({ UserName, PolicyName, PolicyDocument: document }));
    }
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
    const { AccessKeyId = '', SecretAccessKey = '' } = AccessKey ?? {};
    return { AWS_ACCESS_KEY_ID: AccessKeyId, AWS_SECRET_ACCESS_KEY: SecretAccessKey };
  } finally {
    ecs.destroy();
    iam.destroy();
  }
}
