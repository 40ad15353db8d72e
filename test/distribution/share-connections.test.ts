// Shares and accounts: what Windows' answers mean to a person, how often an account is tried, and what is let go at the end.
import { expect, it } from 'vitest';
import {
  openShareConnections,
  type ShareAccount,
  shareAccountOf,
  shareOf,
} from '../../agent/distribution/share-connections.ts';
import { faultOf } from '../support/sources.ts';

const ACCOUNT = { name: 'CONTOSO\\reader', password: 'not-shown' };

/** A system whose answers are given, one a call, the last one for ever. */
function system(...answers: readonly number[]) {
  const asked: [share: string, account: ShareAccount | undefined][] = [];
  const letGo: string[] = [];
  const shares = openShareConnections({
    connect: async (share, account) => {
      asked.push([share, account]);
      return answers[Math.min(asked.length, answers.length) - 1] ?? 0;
    },
    disconnect: async share => {
      letGo.push(share);
      return 0;
    },
  });
  return { shares, asked, letGo };
}

it('a share is connected once, with the account of the media, and let go at the end', async () => {
  const { shares, asked, letGo } = system(0);
  shares.useAccount(ACCOUNT);
  await Promise.all([shares.connect('\\\\srv\\dp\\a'), shares.connect('\\\\SRV\\dp\\b')]);
  expect(asked).toEqual([['\\\\srv\\dp', ACCOUNT]]);
  await shares.close();
  expect(letGo).toEqual(['\\\\srv\\dp']);
});

it('a share that wants an account says which variables to set: NET-03', async () => {
  const fault = await faultOf(system(1326).shares.connect('\\\\srv\\dp'));
  expect(fault).toMatchObject({ code: 'NET-03', subject: '\\\\srv\\dp', detail: { native: 'error 1326' } });
  expect(fault.detail.expected).toContain(
    'set SMSConnectNetworkFolderAccount and SMSConnectNetworkFolderPassword on the media',
  );
});

it('an account that is refused is named without its password, and not tried again: it would be locked out', async () => {
  const { shares, asked } = system(86);
  shares.useAccount(ACCOUNT);
  const fault = await faultOf(shares.connect('\\\\srv\\dp'));
  expect(fault).toMatchObject({ code: 'NET-03', detail: { found: 'CONTOSO\\reader' } });
  expect(JSON.stringify([fault.message, fault.detail])).not.toContain('not-shown');
  expect((await faultOf(shares.connect('\\\\srv\\dp'))).code).toBe('NET-03');
  expect(asked).toHaveLength(1);
});

it('what was refused without an account is tried again with one', async () => {
  const { shares, asked } = system(5, 0);
  await faultOf(shares.connect('\\\\srv\\dp'));
  shares.useAccount(ACCOUNT);
  await shares.connect('\\\\srv\\dp');
  expect(asked.map(([, account]) => account)).toEqual([undefined, ACCOUNT]);
});

it.each([51, 53, 64, 67, 1203, 1231, 1232])(
  'a server that is not there (error %i) is NET-01, and asked again later',
  async code => {
    const { shares, asked } = system(code, 0);
    expect((await faultOf(shares.connect('\\\\srv\\dp'))).code).toBe('NET-01');
    await shares.connect('\\\\srv\\dp');
    expect(asked).toHaveLength(2);
  },
);

it.each([1219, 1222])('what says nothing of the share (error %i) is left to the read', async code => {
  await system(code).shares.connect('\\\\srv\\dp');
});

it('a share connected as who one is anyway is not let go: others may use it', async () => {
  const { shares, letGo } = system(0);
  await shares.connect('\\\\srv\\dp');
  await shares.close();
  expect(letGo).toEqual([]);
});

it('a server that hangs at the goodbye holds nobody up', async () => {
  const shares = openShareConnections(
    { connect: async () => 0, disconnect: () => new Promise(() => {}) },
    20,
  );
  shares.useAccount(ACCOUNT);
  await shares.connect('\\\\srv\\dp');
  await shares.close();
});

it.each([
  ['\\\\srv\\dp\\a\\b', '\\\\srv\\dp'],
  ['\\\\srv/dp', '\\\\srv\\dp'],
  ['\\\\srv', undefined],
  ['\\\\?\\C:\\dp', undefined],
  ['\\\\.\\C:', undefined],
  ['D:\\dp', undefined],
  ['/srv/dp', undefined],
])('the share of %s is %s', (address, share) => {
  expect(shareOf(address)).toBe(share);
});

it('the account is that of two variables, in whatever case', () => {
  const password = { SMSCONNECTNETWORKFOLDERPASSWORD: 'p' };
  expect(shareAccountOf({ smsConnectNetworkFolderAccount: 'a', ...password })).toEqual({
    name: 'a',
    password: 'p',
  });
  expect(shareAccountOf(password)).toBeUndefined();
});
