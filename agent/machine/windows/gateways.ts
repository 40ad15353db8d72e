// The default gateways of this machine's network adapters, as Windows and Windows PE know them.
import { SocketAddress } from 'node:net';
import {
  AF_INET,
  AF_INET6,
  AF_UNSPEC,
  ERROR_BUFFER_OVERFLOW,
  GATEWAYS_ONLY,
  IP_ADAPTER_ADDRESSES,
  IP_ADAPTER_GATEWAY_ADDRESS,
  IPHLPAPI,
  NO_ERROR,
  SOCKADDR,
} from '../../native/iphlpapi.ts';
import type { Native } from '../../native/library.ts';
import { type NativeMemory, openMemory } from '../../native/memory.ts';

/** What Microsoft's page of GetAdaptersAddresses recommends to begin with. */
const USUAL_BYTES = 15 * 1024;

/** Adapters may appear between being told the size and asking again; then once more. */
const ATTEMPTS_MAX = 3;

/** More than any machine has: an end for lists that have none. */
const ENTRIES_MAX = 1000;

/** @returns the gateways of adapters that are up, each once, sorted; none where Windows does not tell them. */
export function readGateways(native: Native): readonly string[] {
  const { library: iphlpapi } = native.openLibrary(['iphlpapi.dll'], IPHLPAPI);
  const memory = openMemory(native, 'windows');
  if (iphlpapi === undefined || memory === undefined) return [];
  const size = Buffer.alloc(4);
  size.writeUInt32LE(USUAL_BYTES);
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    // The addresses in it point into itself, so it stays where it is until all is read.
    const adapters = Buffer.alloc(size.readUInt32LE());
    const { value } = iphlpapi.call('GetAdaptersAddresses', AF_UNSPEC, GATEWAYS_ONLY, 0n, adapters, size);
    if (value === NO_ERROR) return [...new Set(gatewaysIn(adapters, memory))].sort();
    if (value !== ERROR_BUFFER_OVERFLOW) return [];
  }
  return [];
}

function gatewaysIn(first: Buffer, memory: NativeMemory): readonly string[] {
  const found: string[] = [];
  let adapter = first;
  for (let entry = 0; entry < ENTRIES_MAX; entry += 1) {
    if (adapter.readUInt32LE(IP_ADAPTER_ADDRESSES.operStatus) === IP_ADAPTER_ADDRESSES.statusUp)
      found.push(...addressesFrom(adapter.readBigUInt64LE(IP_ADAPTER_ADDRESSES.firstGateway), memory));
    const next = adapter.readBigUInt64LE(IP_ADAPTER_ADDRESSES.next);
    if (next === 0n) break;
    adapter = memory.copy(next, IP_ADAPTER_ADDRESSES.readBytes);
  }
  return found;
}

function addressesFrom(first: bigint, memory: NativeMemory): readonly string[] {
  const found: string[] = [];
  for (let at = first; at !== 0n && found.length < ENTRIES_MAX; ) {
    const gateway = memory.copy(at, IP_ADAPTER_GATEWAY_ADDRESS.lengthBytes);
    const lengthBytes = gateway.readInt32LE(IP_ADAPTER_GATEWAY_ADDRESS.sockaddrLength);
    const sockaddr = memory.copy(
      gateway.readBigUInt64LE(IP_ADAPTER_GATEWAY_ADDRESS.sockaddr),
      Math.min(Math.max(lengthBytes, 0), SOCKADDR.in6Bytes),
    );
    found.push(...addressText(sockaddr));
    at = gateway.readBigUInt64LE(IP_ADAPTER_GATEWAY_ADDRESS.next);
  }
  return found;
}

/** @returns the address as text, a link-local one with its interface (`fe80::1%12`); nothing for what is no IP address. */
function addressText(sockaddr: Buffer): readonly string[] {
  const family = sockaddr.length < 2 ? AF_UNSPEC : sockaddr.readUInt16LE();
  if (family === AF_INET && sockaddr.length >= SOCKADDR.inBytes)
    return [sockaddr.subarray(SOCKADDR.inAddress, SOCKADDR.inAddress + 4).join('.')];
  if (family !== AF_INET6 || sockaddr.length < SOCKADDR.in6Bytes) return [];
  const groups = sockaddr.subarray(SOCKADDR.in6Address, SOCKADDR.in6Address + 16).toString('hex');
  const { address } = new SocketAddress({
    address: groups.replaceAll(/(.{4})(?!$)/g, '$1:'),
    family: 'ipv6',
  });
  const scope = sockaddr.readUInt32LE(SOCKADDR.in6Scope);
  return [scope === 0 ? address : `${address}%${scope}`];
}
