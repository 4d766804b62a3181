import { BlockList, isIP, isIPv4 } from 'node:net';

/** Addresses that are refused even if the host is listed: unspecified, link-local with cloud metadata, multicast. */
const NEVER = '0.0.0.0/8 169.254.0.0/16 224.0.0.0/4 255.255.255.255/32 ::/128 fe80::/10 fd00:ec2::/32 ff00::/8';

/** IANA's special-purpose addresses that are not globally reachable, and the metadata of one more cloud. */
const SPECIAL4 =
  '10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 168.63.129.16/32 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 240.0.0.0/4';
/** Teredo, benchmarks, ORCHID; documentation; 6to4; AS112. */
const SPECIAL6 = '2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20';

const family = (address: string) => (isIPv4(address) ? 'ipv4' : 'ipv6');

function blockList(networks: string): BlockList {
  const list = new BlockList();
  for (const network of networks.split(' ')) {
    const [address = '', prefix] = network.split('/');
    list.addSubnet(address, Number(prefix), family(address));
  }
  return list;
}

const never = blockList(NEVER);
const special = blockList(`${NEVER} ${SPECIAL4} ${SPECIAL6}`);
/** Global unicast. Mapped (`::ffff:0:0/96`), NAT64 (`64:ff9b::/96`) and unique local addresses are outside. */
const unicast6 = blockList('2000::/3');

/** Whether the text is an address of the public Internet. False for a name. */
export const isPublicAddress = (address: string): boolean =>
  isReadable(address) &&
  !special.check(address, family(address)) &&
  (isIPv4(address) || unicast6.check(address, 'ipv6'));

/** Whether a listed host may have this address: public, private or loopback. */
export const isListableAddress = (address: string): boolean =>
  isPublicAddress(address) || (isReadable(address) && !never.check(address, family(address)) && !isEmbedding(address));

/** Without a zone: it names an interface of this machine. */
const isReadable = (address: string): boolean => isIP(address) !== 0 && !address.includes('%');

/** Addresses that carry an IPv4 address, except mapped ones, which are judged as IPv4. */
const embedding = blockList('::ffff:0:0:0/96 64:ff9b::/96 64:ff9b:1::/48 2001::/32 2002::/16');
// IPv4-compatible, without `::` and `::1`.
embedding.addRange('::100:0', '::ffff:ffff', 'ipv6');
const isEmbedding = (address: string): boolean => !isIPv4(address) && embedding.check(address, 'ipv6');
