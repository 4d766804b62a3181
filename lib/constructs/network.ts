import {
  GatewayVpcEndpointAwsService,
  type ISubnet,
  Peer,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';

export interface NetworkProps {
  /** `public`: instances have public addresses. `private`: one NAT gateway. */
  readonly kind: 'public' | 'private';
}

/** The VPC of the instances. They call AWS over TLS and accept no connections. */
export class Network extends Construct {
  readonly vpc: Vpc;
  readonly securityGroup: SecurityGroup;
  readonly instanceSubnets: readonly ISubnet[];

  constructor(scope: Construct, id: string, { kind }: NetworkProps) {
    super(scope, id);
    this.vpc = new Vpc(this, 'Vpc', {
      maxAzs: 2,
      natGateways: kind === 'private' ? 1 : 0,
      subnetConfiguration: [
        { name: 'Public', subnetType: SubnetType.PUBLIC, cidrMask: 20, mapPublicIpOnLaunch: false },
        ...(kind === 'private' ? [{ name: 'Private', subnetType: SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 20 }] : []),
      ],
      // Without cost, and payloads do not leave the AWS network.
      gatewayEndpoints: {
        DynamoDb: { service: GatewayVpcEndpointAwsService.DYNAMODB },
        S3: { service: GatewayVpcEndpointAwsService.S3 },
      },
    });
    this.instanceSubnets = kind === 'private' ? this.vpc.privateSubnets : this.vpc.publicSubnets;
    this.securityGroup = new SecurityGroup(this, 'Instances', {
      vpc: this.vpc,
      description: 'Model instances: out over TLS, nothing in',
      allowAllOutbound: false,
    });
    this.securityGroup.addEgressRule(Peer.anyIpv4(), Port.tcp(443), 'AWS services');
    acknowledge(this.vpc, {
      'AwsSolutions-VPC7':
        'Nothing in this network accepts a connection, and what leaves it are TLS calls to AWS, which CloudTrail records.',
    });
  }
}
