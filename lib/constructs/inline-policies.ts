import { Aspects, Lazy, type Stack } from 'aws-cdk-lib';
import { CfnRole, Policy, Role } from 'aws-cdk-lib/aws-iam';

/** After the CDK has split policies that are too long for a role, and before cdk-nag reads them. */
const PRIORITY = 700;

/** Moves the policy of every role into the role: one resource of CloudFormation less for each. */
export function inlinePolicies(stack: Stack): void {
  Aspects.of(stack).add(
    {
      visit(construct) {
        if (!(construct instanceof Role)) return;
        const policy = construct.node.tryFindChild('DefaultPolicy');
        const { defaultChild } = construct.node;
        if (!(policy instanceof Policy) || !(defaultChild instanceof CfnRole)) return;
        construct.node.tryRemoveChild('DefaultPolicy');
        if (policy.document.isEmpty) return;
        const before = defaultChild.policies;
        const own = { policyName: 'Own', policyDocument: policy.document };
        defaultChild.policies = Lazy.any({ produce: () => [...(Array.isArray(before) ? before : []), own] });
      },
    },
    { priority: PRIORITY },
  );
}
