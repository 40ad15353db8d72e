// Types of guest-network.mjs.
export function onlyPoint(port: number): string;
export const HOST_NETWORK: string;
