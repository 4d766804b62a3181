import type { Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { resource, resourcesOf, synthesize } from '#test/support/synthesize.ts';

let lean: Template;
let dev: Template;
beforeAll(async () => {
  [lean, dev] = (await Promise.all([synthesize('lean'), synthesize('dev')])).map(({ template }) => template) as [
    Template,
    Template,
  ];
});

const containerOf = (template: Template) =>
  resource(template, 'AWS::ECS::TaskDefinition', 'modela').Properties.ContainerDefinitions[0];

describe('instances by IPv6 only', () => {
  it('have no IPv4 address, and are in subnets without IPv4', () => {
    for (const [, { Properties }] of resourcesOf(lean, 'AWS::EC2::Subnet')) {
      expect(Properties).toMatchObject({ Ipv6Native: true, AssignIpv6AddressOnCreation: true });
      expect(Properties.CidrBlock).toBeUndefined();
    }
    for (const [, { Properties }] of resourcesOf(lean, 'AWS::ECS::Service')) {
      expect(Properties.NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp).toBe('DISABLED');
    }
    lean.resourceCountIs('AWS::EC2::Subnet', 2);
  });

  it('reach AWS through a gateway that lets nothing in', () => {
    const [, { Properties }] = resourcesOf(lean, 'AWS::EC2::Route')[0] ?? ['', { Properties: {} }];

    expect(Properties).toMatchObject({ DestinationIpv6CidrBlock: '::/0' });
    expect(Properties.EgressOnlyInternetGatewayId).toBeDefined();
    lean.resourceCountIs('AWS::EC2::InternetGateway', 0);
    lean.resourceCountIs('AWS::EC2::NatGateway', 0);
    expect(resource(lean, 'AWS::EC2::SecurityGroup', 'Network').Properties.SecurityGroupEgress).toContainEqual(
      expect.objectContaining({ CidrIpv6: '::/0', FromPort: 443, ToPort: 443 }),
    );
  });

  it('pull their image and call AWS by names that have IPv6 addresses', () => {
    const { Image, Environment } = containerOf(lean);

    expect(JSON.stringify(Image)).toMatch(/\.dkr-ecr\.\$\{AWS::Region\}\.on\.aws\//);
    expect(Environment).toContainEqual({ Name: 'AWS_USE_DUALSTACK_ENDPOINT', Value: 'true' });
    expect(JSON.stringify(containerOf(dev))).not.toMatch(/dkr-ecr|DUALSTACK/);
  });
});
