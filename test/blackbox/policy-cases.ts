// Policy that must not be followed, however it is served. Media is proven by then, so a deployment may write its journal and logs; nothing else.
import type { MachineCase } from './machine-case.ts';
import type { Change, Document } from './world.ts';

const refused = (
  title: string,
  world: Change,
  told: Partial<MachineCase> & Pick<MachineCase, 'fault'>,
): MachineCase => ({
  title,
  world,
  exitCode: 20,
  subject: 'policy.json',
  unchanged: 'all-but-records',
  ...told,
});

const content = (policy: Document): Document[] => policy.content as Document[];

export const POLICY_CASES: readonly MachineCase[] = [
  refused(
    'policy without a signature',
    { policy: { signature: 'absent' } },
    {
      fault: 'TRUST-01',
      says: ['expected: policy.json.sig'],
    },
  ),
  refused(
    'policy of which one character was changed',
    { policy: { signature: 'of-other-bytes' } },
    {
      fault: 'TRUST-02',
      says: ['found: other bytes'],
    },
  ),
  refused(
    'policy signed by a key that the media does not name',
    { policy: { key: 'stranger' } },
    {
      fault: 'TRUST-02',
      says: [/expected: a signature by key [0-9a-f]{16}/, /found: a signature by key [0-9a-f]{16}/],
    },
  ),
  refused(
    'policy signed by the key that may sign media only',
    { policy: { key: 'media' } },
    { fault: 'TRUST-02' },
  ),
  refused(
    'policy with a signature that was made for media',
    { policy: { domain: 'media' } },
    {
      fault: 'TRUST-02',
      says: ['expected: policy', 'found: media'],
    },
  ),
  refused(
    'policy past its last day',
    {
      policy: {
        fields: policy => ({ ...policy, created: '2020-01-01T00:00:00Z', expires: '2020-02-01T00:00:00Z' }),
      },
    },
    { fault: 'TRUST-05', says: ['expected: until 2020-02-01T00:00:00Z', /found: the clock says 20\d\d-/] },
  ),
  refused(
    'policy older than the media knows',
    {
      media: { fields: media => ({ ...media, policyFloor: 40 }) },
    },
    { fault: 'TRUST-06', says: ['expected: serial 40 or higher', 'found: 2'] },
  ),
  refused(
    'policy of another site',
    { policy: { fields: policy => ({ ...policy, site: 'FAB' }) } },
    {
      fault: 'TRUST-11',
      says: ['expected: CON', 'found: FAB'],
    },
  ),
  refused(
    'policy with a field from another time',
    { policy: { fields: policy => ({ ...policy, runAsFirst: 'format.exe' }) } },
    { fault: 'TRUST-10', says: ['runAsFirst: unknown key'] },
  ),
  refused(
    'policy that names one content ID twice',
    { policy: { fields: policy => ({ ...policy, content: [...content(policy), content(policy)[0]] }) } },
    { fault: 'TRUST-10', says: [/content\[\d+\]\.id: CON0000\d is used twice/] },
  ),
  refused(
    'policy that is a page in JSON',
    { policy: { bytes: Buffer.from('{"error":"maintenance"}') } },
    {
      fault: 'TRUST-10',
      says: ['format', 'site: required, but absent'],
    },
  ),
  refused(
    'a pointer to policy larger than its cap',
    { point: { 'policy/current.json': ' '.repeat(5000) } },
    {
      // Nobody signs it: the server is at fault, not the media.
      exitCode: 40,
      fault: 'NET-07',
      subject: 'policy/current.json',
      says: [/source: http:/, 'expected: at most 4096 bytes', 'found: 5000'],
    },
  ),
  refused(
    'a pointer to policy that leads elsewhere',
    { point: { 'policy/current.json': '{"format":"prestage-policy-pointer/1","serial":"../../secret"}' } },
    {
      exitCode: 40,
      fault: 'NET-07',
      subject: 'policy/current.json',
      says: [/serial: expected/],
    },
  ),
  refused(
    'content whose manifest is not the one that policy names',
    { point: { 'content/CON00002/1.1/manifest.json': '{"format":"prestage-content/1"}' } },
    { fault: 'TRUST-07', subject: 'CON00002', says: [/expected: [0-9a-f]{64}/, /found: [0-9a-f]{64}/] },
  ),
  refused(
    'content whose manifest is larger than policy says',
    { point: { 'content/CON00002/1.1/manifest.json': ' '.repeat(100_000) } },
    { fault: 'TRUST-08', subject: 'CON00002', says: [/expected: at most \d+ bytes/, 'found: 100000'] },
  ),
  refused(
    'a manifest of another item under a digest that policy names',
    { item: { id: 'CON00002', manifest: manifest => ({ ...manifest, id: 'CON00003' }) } },
    { fault: 'TRUST-10', subject: 'CON00002', says: ['expected: CON00002', 'found: CON00003'] },
  ),
  refused(
    'a manifest with a field from another time',
    { item: { id: 'CON00002', manifest: manifest => ({ ...manifest, runElevated: true }) } },
    { fault: 'TRUST-10', subject: 'CON00002', says: ['runElevated'] },
  ),
];

/** Paths that a manifest must not name, each in a manifest whose digest a good policy vouches for: only the rule about paths can refuse it. */
const HOSTILE_PATHS: readonly { readonly paths: readonly string[]; readonly reason: string }[] = [
  { paths: ['../evil.exe'], reason: '../evil.exe has the part ".."' },
  { paths: ['sub/../../../evil.exe'], reason: 'sub/../../../evil.exe has the part ".."' },
  { paths: ['/etc/cron.d/evil'], reason: '/etc/cron.d/evil is absolute' },
  { paths: ['C:/Windows/System32/evil.dll'], reason: 'C:/Windows/System32/evil.dll names a drive' },
  { paths: ['c:evil.dll'], reason: 'c:evil.dll names a drive' },
  { paths: ['\\\\server\\share\\evil.exe'], reason: 'has a backslash' },
  { paths: ['setup.exe:evil'], reason: 'setup.exe:evil names a stream (colon)' },
  { paths: ['sub/NUL'], reason: 'sub/NUL has the device name "NUL"' },
  { paths: ['con.txt'], reason: 'con.txt has the device name "con"' },
  { paths: ['LPT¹ .log'], reason: 'has the device name "LPT¹"' },
  { paths: ['Setup.EXE', 'setup.exe'], reason: 'setup.exe differs only by case from "Setup.EXE"' },
  { paths: ['ÜBER.txt', 'über.TXT'], reason: 'über.TXT differs only by case from "ÜBER.txt"' },
  { paths: ['sub', 'sub/file.txt'], reason: 'sub is also a folder of "sub/file.txt"' },
  { paths: ['setup.exe.'], reason: 'setup.exe. has a part that ends with a dot or a space' },
  { paths: ['sub /file.txt'], reason: 'has a part that ends with a dot or a space' },
  { paths: ['a//b.txt'], reason: 'a//b.txt has an empty part' },
  { paths: ['bell\u0007.txt'], reason: 'has a control character' },
];

export const PATH_CASES: readonly MachineCase[] = HOSTILE_PATHS.map(({ paths, reason }) =>
  refused(
    `a manifest that names ${paths.map(name => JSON.stringify(name)).join(' and ')}`,
    {
      item: {
        id: 'CON00002',
        manifest: manifest => ({
          ...manifest,
          files: paths.map(name => ({ path: name, size: 4, sha256: 'a'.repeat(64) })),
        }),
      },
    },
    { fault: 'TRUST-09', subject: 'CON00002', says: [reason] },
  ),
);
