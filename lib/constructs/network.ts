import {
  GatewayVpcEndpointAwsService,
  type ISubnet,
  Peer,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { Construct, type IDependable } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import { Ipv6Subnets } from './ipv6-subnets.ts';

export interface NetworkProps {
  /** `public`: instances have public addresses. `private`: one NAT gateway. `ipv6`: instances have no IPv4. */
  readonly kind: NetworkKind;
}

export type NetworkKind = 'public' | 'private' | 'ipv6';

/** The VPC of the instances. They call AWS over TLS and accept no connections. */
export class Network extends Construct {
  readonly vpc: Vpc;
  readonly securityGroup: SecurityGroup;
  readonly instanceSubnets: readonly ISubnet[];
  /** Resources that instances need from their start to their end. */
  readonly outbound: readonly IDependable[];

  constructor(scope: Construct, id: string, { kind }: NetworkProps) {
    super(scope, id);
    this.vpc = new Vpc(this, 'Vpc', {
      maxAzs: 2,
      natGateways: kind === 'private' ? 1 : 0,
      subnetConfiguration: [
        ...(kind === 'ipv6'
          ? []
          : [{ name: 'Public', subnetType: SubnetType.PUBLIC, cidrMask: 20, mapPublicIpOnLaunch: false }]),
        ...(kind === 'private' ? [{ name: 'Private', subnetType: SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 20 }] : []),
      ],
      // Without cost, and payloads do not leave the AWS network. These routes are for IPv4.
      ...(kind === 'ipv6'
        ? {}
        : {
            gatewayEndpoints: {
              DynamoDb: { service: GatewayVpcEndpointAwsService.DYNAMODB },
              S3: { service: GatewayVpcEndpointAwsService.S3 },
            },
          }),
    });
    const ipv6 = kind === 'ipv6' ? new Ipv6Subnets(this, 'Ipv6', { vpc: this.vpc }) : undefined;
    this.instanceSubnets = ipv6?.all ?? (kind === 'private' ? this.vpc.privateSubnets : this.vpc.publicSubnets);
    this.outbound = ipv6?.outbound ?? this.instanceSubnets.map((subnet) => subnet.internetConnectivityEstablished);
    this.securityGroup = new SecurityGroup(this, 'Instances', {
      vpc: this.vpc,
      description: 'Model instances: out over TLS, nothing in',
      allowAllOutbound: false,
    });
    this.securityGroup.addEgressRule(kind === 'ipv6' ? Peer.anyIpv6() : Peer.anyIpv4(), Port.tcp(443), 'AWS services');
    acknowledge(this.vpc, {
      'AwsSolutions-VPC7':
        'Nothing in this network accepts a connection, and what leaves it are TLS calls to AWS, which CloudTrail records.',
    });
  }
}
