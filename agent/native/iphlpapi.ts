// iphlpapi.dll as far as network adapters are asked for their gateways, in Windows and in Windows PE.
// Source: iphlpapi.h, iptypes.h, ifdef.h, ws2def.h and ws2ipdef.h of the Windows SDK; the pages of the same names on Microsoft Learn.

export const IPHLPAPI = {
  GetAdaptersAddresses: { returns: 'u32', takes: ['u32', 'u32', 'address', 'bytes', 'bytes'] },
} as const;

export const AF_UNSPEC = 0;
export const AF_INET = 2;
export const AF_INET6 = 23;

/** GAA_FLAG_INCLUDE_GATEWAYS, and of unicast, anycast, multicast addresses and DNS servers nothing. */
export const GATEWAYS_ONLY = 0x80 | 0x1 | 0x2 | 0x4 | 0x8;

export const NO_ERROR = 0;
export const ERROR_BUFFER_OVERFLOW = 111;

/** `IP_ADAPTER_ADDRESSES_LH` with 64-bit pointers, as far as it is read: Next, OperStatus (1 = up), FirstGatewayAddress. */
export const IP_ADAPTER_ADDRESSES = {
  readBytes: 216,
  next: 8,
  operStatus: 104,
  firstGateway: 208,
  statusUp: 1,
} as const;

/** `IP_ADAPTER_GATEWAY_ADDRESS_LH`: Next, then a SOCKET_ADDRESS of lpSockaddr and iSockaddrLength. */
export const IP_ADAPTER_GATEWAY_ADDRESS = {
  lengthBytes: 32,
  next: 8,
  sockaddr: 16,
  sockaddrLength: 24,
} as const;

/** Family u16@0; `sockaddr_in` has its address at 4, `sockaddr_in6` at 8 and the scope at 24. */
export const SOCKADDR = { inBytes: 16, inAddress: 4, in6Bytes: 28, in6Address: 8, in6Scope: 24 } as const;
