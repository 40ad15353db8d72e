// Shares that want an account: each is connected before it is first read, with the account that the media carries, and let go at the end of the run.
import { setTimeout as wait } from 'node:timers/promises';
import { Fault } from '../fault/fault.ts';

/** An account that may read the shares: `DOMAIN\user` or `user@domain`. */
export interface ShareAccount {
  readonly name: string;
  readonly password: string;
}

/** Variables of the media that name it; Configuration Manager's names for its step "Connect to Network Folder". */
export const SHARE_ACCOUNT_VARIABLE = 'SMSConnectNetworkFolderAccount';
export const SHARE_PASSWORD_VARIABLE = 'SMSConnectNetworkFolderPassword';

/** @returns the account that variables name; undefined where one of the two is absent. Case does not tell variables apart. */
export function shareAccountOf(variables: Readonly<Record<string, string>>): ShareAccount | undefined {
  const called = (wanted: string): string | undefined =>
    Object.entries(variables).find(([name]) => name.toLowerCase() === wanted.toLowerCase())?.[1];
  const [name, password] = [called(SHARE_ACCOUNT_VARIABLE), called(SHARE_PASSWORD_VARIABLE)];
  return name === undefined || name === '' || password === undefined ? undefined : { name, password };
}

/** For who is refused without one. */
export const ACCOUNT_WANTED = `an account: set ${SHARE_ACCOUNT_VARIABLE} and ${SHARE_PASSWORD_VARIABLE} on the media`;

/** What the system does about it. Answers Windows' error codes, 0 for success. */
export interface ShareConnector {
  /** Without an account: as whoever this process runs as. */
  connect(share: string, account?: ShareAccount): Promise<number>;
  disconnect(share: string): Promise<number>;
}

export interface ShareConnections {
  /** From now on shares are connected with this account; what was refused without it may be tried again. */
  useAccount(account: ShareAccount): void;
  /**
   * Connects the share of a UNC path, once. Nothing is done about other addresses. An answer that says nothing of the share is left to the read that follows.
   * Faults: NET-03 the account is refused, or one is asked for; NET-01 the server or the share is not reached.
   */
  connect(address: string): Promise<void>;
  /** Lets go of what was connected with an account. */
  close(): Promise<void>;
}

/** Connects nothing yet. @param connector what the system does. @param goodbyeMs how long it may take to let go. */
export function openShareConnections(connector: ShareConnector, goodbyeMs = 5000): ShareConnections {
  const connecting = new Map<string, Promise<void>>();
  const connected = new Set<string>();
  let account: ShareAccount | undefined;

  async function connectOnce(share: string): Promise<void> {
    const used = account;
    const code = await connector.connect(share, used);
    if (code === 0 && used !== undefined) connected.add(share);
    const fault = shareFault(code, share, used);
    if (fault !== undefined) throw fault;
  }

  return {
    useAccount(given) {
      account = given;
      connecting.clear();
    },
    async connect(address) {
      const share = shareOf(address);
      if (share === undefined) return;
      const key = share.toLowerCase();
      const under = connecting.get(key) ?? connectOnce(share);
      connecting.set(key, under);
      try {
        await under;
      } catch (thrown) {
        // An account is not tried again and again, or it would be locked out; a server may come back.
        if (!(thrown instanceof Fault && thrown.code === 'NET-03')) connecting.delete(key);
        throw thrown;
      }
    },
    async close() {
      const shares = [...connected];
      connected.clear();
      connecting.clear();
      // What cannot be let go ends with this logon session, and nobody waits for a server that is gone.
      const letGo = Promise.allSettled(shares.map(share => connector.disconnect(share)));
      await Promise.race([letGo, wait(goodbyeMs, undefined, { ref: false })]);
    },
  };
}

/** @returns `\\server\share` of a UNC path; undefined for every other address. A path of devices (`\\?\`, `\\.\`) is no share. */
export function shareOf(address: string): string | undefined {
  const [, server, share] = /^\\\\([^\\/?]+)[\\/]([^\\/]+)/.exec(address) ?? [];
  return server === undefined || share === undefined || server === '.'
    ? undefined
    : `\\\\${server}\\${share}`;
}

/** winerror.h and lmerr.h: the account is not accepted, or may not. */
const REFUSED: ReadonlySet<number> = new Set([
  5, // ERROR_ACCESS_DENIED
  65, // ERROR_NETWORK_ACCESS_DENIED
  86, // ERROR_INVALID_PASSWORD
  1244, // ERROR_NOT_AUTHENTICATED
  1326, // ERROR_LOGON_FAILURE
  1327, // ERROR_ACCOUNT_RESTRICTION
  1328, // ERROR_INVALID_LOGON_HOURS
  1329, // ERROR_INVALID_WORKSTATION
  1330, // ERROR_PASSWORD_EXPIRED
  1331, // ERROR_ACCOUNT_DISABLED
  1385, // ERROR_LOGON_TYPE_NOT_GRANTED
  1793, // ERROR_ACCOUNT_EXPIRED
  1907, // ERROR_PASSWORD_MUST_CHANGE
  1909, // ERROR_ACCOUNT_LOCKED_OUT
  2202, // ERROR_BAD_USERNAME
]);

/** No such server or share, or no way there. */
const NOT_REACHED: ReadonlySet<number> = new Set([
  51, // ERROR_REM_NOT_LIST
  53, // ERROR_BAD_NETPATH
  54, // ERROR_NETWORK_BUSY
  59, // ERROR_UNEXP_NET_ERR
  64, // ERROR_NETNAME_DELETED
  67, // ERROR_BAD_NET_NAME
  71, // ERROR_REQ_NOT_ACCEP
  121, // ERROR_SEM_TIMEOUT
  1203, // ERROR_NO_NET_OR_BAD_PATH
  1231, // ERROR_NETWORK_UNREACHABLE
  1232, // ERROR_HOST_UNREACHABLE
  1311, // ERROR_NO_LOGON_SERVERS
]);

/**
 * @param code of WNetAddConnection2W.
 * @returns undefined when it is connected, or when a read will tell more: another account is connected to this server already (1219), or there
 * is no network provider at all (1222).
 */
export function shareFault(code: number, share: string, account?: ShareAccount): Fault | undefined {
  const native = `error ${code}`;
  if (NOT_REACHED.has(code)) return new Fault('NET-01', share, { native });
  if (!REFUSED.has(code)) return undefined;
  const expected =
    account === undefined
      ? ACCOUNT_WANTED
      : `an account that may read this share: correct ${SHARE_ACCOUNT_VARIABLE} and ${SHARE_PASSWORD_VARIABLE} on the media`;
  return new Fault('NET-03', share, {
    native,
    expected,
    ...(account === undefined ? {} : { found: account.name }),
  });
}
