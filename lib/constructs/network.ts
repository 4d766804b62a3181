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
  /** `public`: no NAT gateway, instances have a public address. `private`: one NAT gateway. */
  readonly kind: 'public' | 'private';
}

/** Where model instances live: they call AWS over TLS, and nobody calls them. */
export class Network extends Construct {
  readonly vpc: Vpc;
  readonly securityGroup: SecurityGroup;
  /** Where instances start. */
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
      // Free, and payloads do not cross the internet.
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
