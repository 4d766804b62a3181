import { CfnWebACL, CfnWebACLAssociation } from 'aws-cdk-lib/aws-wafv2';
import { Construct } from 'constructs';

export interface FirewallConfig {
  /** Requests of one address in five minutes, at least 10. More are answered 403 until it slows down. */
  readonly requestsPerFiveMinutes: number;
}

export interface FirewallProps extends FirewallConfig {
  /** ARN of the API stage to protect. */
  readonly stageArn: string;
}

/** Groups of rules that AWS keeps current, with the rules that only count. */
const MANAGED: Readonly<Record<string, readonly string[]>> = {
  AWSManagedRulesAmazonIpReputationList: [],
  AWSManagedRulesKnownBadInputsRuleSet: [],
  // Bodies are data for models, HTML and addresses too, and may be large. Handlers validate them.
  AWSManagedRulesCommonRuleSet: [
    'SizeRestrictions_BODY',
    'CrossSiteScripting_BODY',
    'GenericLFI_BODY',
    'GenericRFI_BODY',
    'EC2MetaDataSSRF_BODY',
  ],
};

/** A web ACL with managed rules and a limit per address. */
export class Firewall extends Construct {
  constructor(scope: Construct, id: string, { stageArn, requestsPerFiveMinutes: limit }: FirewallProps) {
    super(scope, id);
    const managed = Object.entries(MANAGED).map(([name, counting], at) => ({
      ...{ name, priority: at + 1, overrideAction: { none: {} }, visibilityConfig: visible(name) },
      statement: {
        managedRuleGroupStatement: {
          ...{ vendorName: 'AWS', name },
          ruleActionOverrides: counting.map((rule) => ({ name: rule, actionToUse: { count: {} } })),
        },
      },
    }));
    const acl = new CfnWebACL(this, 'Rules', {
      ...{ scope: 'REGIONAL', defaultAction: { allow: {} }, visibilityConfig: visible('Firewall') },
      rules: [
        {
          ...{
            name: 'RatePerAddress',
            priority: 0,
            action: { block: {} },
            visibilityConfig: visible('RatePerAddress'),
          },
          statement: { rateBasedStatement: { aggregateKeyType: 'IP', limit, evaluationWindowSec: 300 } },
        },
        ...managed,
      ],
    });
    new CfnWebACLAssociation(this, 'Association', { resourceArn: stageArn, webAclArn: acl.attrArn });
  }
}

const visible = (metricName: string) => ({ cloudWatchMetricsEnabled: true, sampledRequestsEnabled: false, metricName });
