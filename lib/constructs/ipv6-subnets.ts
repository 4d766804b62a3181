import { Fn } from 'aws-cdk-lib';
import {
  CfnEgressOnlyInternetGateway,
  CfnRoute,
  CfnRouteTable,
  CfnSubnet,
  CfnSubnetRouteTableAssociation,
  CfnVPCCidrBlock,
  type ISubnet,
  Subnet,
  type Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { Construct, type IDependable } from 'constructs';

const ANYWHERE = '::/0';
/** Of a subnet. AWS assigns the VPC 56 bits. */
const HOST_BITS = '64';

/**
 * Subnets without IPv4, behind a gateway that lets connections out and none in. Neither the addresses nor the gateway
 * cost anything.
 */
export class Ipv6Subnets extends Construct {
  readonly all: readonly ISubnet[];
  /** Resources that instances need until they have stopped. */
  readonly outbound: readonly IDependable[];

  constructor(scope: Construct, id: string, { vpc }: { readonly vpc: Vpc }) {
    super(scope, id);
    const { vpcId, availabilityZones } = vpc;
    const block = new CfnVPCCidrBlock(this, 'Block', { vpcId, amazonProvidedIpv6CidrBlock: true });
    const gateway = new CfnEgressOnlyInternetGateway(this, 'Gateway', { vpcId });
    const table = new CfnRouteTable(this, 'Routes', { vpcId });
    const route = new CfnRoute(this, 'Out', {
      routeTableId: table.ref,
      destinationIpv6CidrBlock: ANYWHERE,
      egressOnlyInternetGatewayId: gateway.attrId,
    });
    const blocks = Fn.cidr(Fn.select(0, vpc.vpcIpv6CidrBlocks), availabilityZones.length, HOST_BITS);
    const outbound: IDependable[] = [route];
    this.all = availabilityZones.map((availabilityZone, at) => {
      const subnet = new CfnSubnet(this, `Subnet${at + 1}`, {
        ...{ vpcId, availabilityZone, ipv6Native: true, assignIpv6AddressOnCreation: true },
        ipv6CidrBlock: Fn.select(at, blocks),
      });
      subnet.node.addDependency(block);
      const ids = { subnetId: subnet.ref, routeTableId: table.ref };
      outbound.push(new CfnSubnetRouteTableAssociation(this, `Route${at + 1}`, ids));
      return Subnet.fromSubnetAttributes(this, `Found${at + 1}`, { ...ids, availabilityZone });
    });
    this.outbound = outbound;
  }
}
