// Where a Windows machine stands in the network: gateways as the host itself has them, and the site of Active Directory that Net Logon keeps.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TemporaryFolder, temporaryFolder } from '../support/wim-kit.ts';
import { openWindowsSide, type WindowsSide } from '../support/windows-side.ts';

const POLICY = 'HKLM\\SOFTWARE\\Policies\\Microsoft\\Netlogon\\Parameters';
const NETLOGON = 'HKLM\\SYSTEM\\CurrentControlSet\\Services\\Netlogon\\Parameters';

let folder: TemporaryFolder;
let side: WindowsSide;

beforeAll(async () => {
  folder = await temporaryFolder();
  side = await openWindowsSide({ folder: folder.path });
});
afterAll(async () => {
  await side[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

/** IPv4 gateways of the host: `/proc/net/route` has them in hex, the last byte first. Flag 2 is a gateway. */
function hostGateways(): readonly string[] {
  const routes = readFileSync('/proc/net/route', 'utf8').trim().split('\n').slice(1);
  const found = routes.flatMap(line => {
    const [, destination, gateway = '', flags = ''] = line.split(/\s+/);
    const isDefault = destination === '00000000' && (Number.parseInt(flags, 16) & 2) !== 0;
    return isDefault ? [[...Buffer.from(gateway, 'hex')].reverse().join('.')] : [];
  });
  return [...new Set(found)].sort();
}

it('knows its default gateways, each time it is asked', async () => {
  const ipv4 = async (): Promise<readonly string[]> =>
    ((await side.machine.facts()).gateways ?? []).filter(address => !address.includes(':'));
  expect(await ipv4()).toEqual(hostGateways());
  expect(await ipv4()).toEqual(hostGateways());
});

it('is in the site of Active Directory that was set, else in the one that Net Logon has found', async () => {
  const set = async (key: string, name: string, value: string): Promise<string | undefined> => {
    await side.session.run('reg', ['add', key, '/v', name, '/d', value, '/f']);
    return (await side.machine.facts()).adSite;
  };
  expect((await side.machine.facts()).adSite).toBeUndefined();
  expect(await set(NETLOGON, 'DynamicSiteName', 'Graz')).toBe('Graz');
  expect(await set(NETLOGON, 'SiteName', ' ')).toBe('Graz');
  expect(await set(NETLOGON, 'SiteName', 'Linz')).toBe('Linz');
  expect(await set(POLICY, 'SiteName', 'Wien')).toBe('Wien');
});
