// Which servers are asked without the proxy, as `noProxy` lists them.
import { BlockList, isIP } from 'node:net';

/**
 * @param list `dp.example.com` (that host alone), `.example.com` (every host below it), `10.1.2.3`, `[fd00::1]`, `10.0.0.0/8`, `fd00::/8`; each but a
 * network with `:port` where only that port is meant. A name is not looked up: networks are for addresses that stand in the URL as numbers.
 */
export function goesDirect(url: URL, list: readonly string[]): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return list.some(entry => {
    const network = /^([^/]+)\/(\d{1,3})$/.exec(entry);
    if (network !== null) return isWithin(host, bare(network[1] ?? ''), Number(network[2]));
    const { name, port: only } = splitPort(entry);
    if (only !== undefined && only !== port) return false;
    return name.startsWith('.') ? host.endsWith(name) : sameHost(host, name);
  });
}

/** @returns whether `goesDirect` understands the entry. */
export function isNoProxyEntry(entry: string): boolean {
  const network = /^([^/]+)\/(\d{1,3})$/.exec(entry);
  if (network !== null) {
    const family = isIP(bare(network[1] ?? ''));
    return family !== 0 && Number(network[2]) <= (family === 4 ? 32 : 128);
  }
  const { name } = splitPort(entry);
  return isIP(name) !== 0 || /^\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(name);
}

function splitPort(entry: string): { readonly name: string; readonly port?: string } {
  const text = entry.toLowerCase();
  if (isIP(text) !== 0) return { name: text };
  const [, name = text, port] = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(text) ?? [];
  return { name: bare(name), ...(port === undefined ? {} : { port }) };
}

function sameHost(host: string, name: string): boolean {
  const family = isIP(name);
  // One IPv6 address can be written in many ways.
  return family === 6 ? isWithin(host, name, 128) : host === name;
}

function isWithin(host: string, network: string, bits: number): boolean {
  const family = isIP(host);
  if (family === 0 || family !== isIP(network)) return false;
  const list = new BlockList();
  list.addSubnet(network, bits, family === 4 ? 'ipv4' : 'ipv6');
  return list.check(host, family === 4 ? 'ipv4' : 'ipv6');
}

function bare(name: string): string {
  return name.replace(/^\[|\]$/g, '');
}
