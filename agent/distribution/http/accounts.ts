// The accounts that this run may show to servers, each to the one that it is for. Those of agent.yaml are there from the start, those of media once
// their secrets are open; so a source asks with each request.
import type { Authorization } from './access.ts';
import { originOf } from './access.ts';

/** One account and its server, as documents hold it. */
export type ServerAccount = Authorization & {
  /** Address of the server (or proxy); its path says nothing. */
  readonly for: string;
};

export interface Accounts {
  /** What is there already for the same server stays: what a technician laid beside the agent is newer than the media. */
  add(accounts: readonly ServerAccount[]): void;
  /** @returns undefined where there is none for the server of this address. */
  of(url: string): Authorization | undefined;
}

/** Holds none yet. */
export function openAccounts(): Accounts {
  const byOrigin = new Map<string, Authorization>();
  return {
    add(accounts) {
      for (const { for: server, ...authorization } of accounts) {
        const origin = originOf(server);
        if (origin !== undefined && !byOrigin.has(origin)) byOrigin.set(origin, authorization);
      }
    },
    of(url) {
      const origin = originOf(url);
      return origin === undefined ? undefined : byOrigin.get(origin);
    },
  };
}
