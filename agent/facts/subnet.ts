// Networks as collections and boundaries write them, IPv4 and IPv6, and whether an address lies in one. Pure.
import { BlockList, isIP } from 'node:net';

/** A network. */
export interface Subnet {
  /** As written. */
  readonly text: string;
  holds(address: string): boolean;
}

/**
 * @param text `10.1.0.0/16`, `2001:db8::/32`, or one address.
 * @returns undefined for anything else. Bits behind the prefix do not count: `10.1.2.3/16` is `10.1.0.0/16`.
 */
export function subnet(text: string): Subnet | undefined {
  const [, network = '', prefixText] = /^([0-9A-Fa-f:.]+)(?:\/(\d{1,3}))?$/.exec(text.trim()) ?? [];
  const version = isIP(network);
  if (version === 0) return undefined;
  const longest = version === 4 ? 32 : 128;
  const prefix = prefixText === undefined ? longest : Number(prefixText);
  if (prefix > longest) return undefined;
  const list = new BlockList();
  list.addSubnet(network, prefix, version === 4 ? 'ipv4' : 'ipv6');
  return {
    text,
    holds(address) {
      // Link-local addresses carry the interface, `fe80::1%12`.
      const bare = address.trim().replace(/%.*$/, '');
      // Node lets ::ffff:10.1.2.3 match 10.1.0.0/16, and that is what it is.
      const kind = isIP(bare);
      return kind !== 0 && list.check(bare, kind === 4 ? 'ipv4' : 'ipv6');
    },
  };
}
