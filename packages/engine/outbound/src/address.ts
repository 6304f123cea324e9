import { BlockList, isIP } from 'node:net'

/** Special-purpose IPv4 blocks that a public server never has (IANA special-purpose address registry, RFC 6890). */
const forbidden4 = new BlockList()
for (const block of [
  '0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24', '192.0.2.0/24',
  '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4',
]) addBlock(forbidden4, block)

/** Only global unicast is public in IPv6; loopback, link-local, unique-local, multicast, mapped and NAT64 addresses all lie outside of it. */
const global6 = new BlockList()
addBlock(global6, '2000::/3')

/** Blocks within global unicast that tunnel to IPv4 addresses, are for documentation, or route nowhere. */
const forbidden6 = new BlockList()
for (const block of ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20']) addBlock(forbidden6, block)

function addBlock(list: BlockList, block: string): void {
  const [address = '', prefix] = block.split('/')
  list.addSubnet(address, Number(prefix), isIP(address) === 6 ? 'ipv6' : 'ipv4')
}

/** Whether an IP address (no brackets) belongs to the public internet. What is no IP address does not. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !forbidden4.check(address, 'ipv4')
    case 6:
      return global6.check(address, 'ipv6') && !forbidden6.check(address, 'ipv6')
    default:
      return false
  }
}
