// Media that must not be believed: refused before anything on the disk is touched.
import { publicKeyText } from '../../agent/trust/keys.ts';
import type { MachineCase } from './machine-case.ts';
import type { Change, Document } from './world.ts';

const OWN = 'volumes/windows/_SMSTaskSequence/Prestage';
const STRANGER = `ed25519:${'B'.repeat(42)}A=`;
publicKeyText.parse(STRANGER);

const refused = (
  title: string,
  world: Change,
  told: Partial<MachineCase> & Pick<MachineCase, 'fault'>,
): MachineCase => ({
  title,
  world,
  exitCode: 20,
  subject: 'media.json',
  unchanged: 'everything',
  ...told,
});

const hostileFile =
  (path: string) =>
  (media: Document): Document => ({
    ...media,
    volume: [...(media.volume as Document[]), { path, size: 1, sha256: 'a'.repeat(64) }],
  });

export const MEDIA_CASES: readonly MachineCase[] = [
  refused(
    'media without a signature',
    { media: { signature: 'absent' } },
    {
      fault: 'TRUST-01',
      says: ['expected: media.json.sig'],
    },
  ),
  refused(
    'media of which one character was changed',
    { media: { signature: 'of-other-bytes' } },
    {
      fault: 'TRUST-02',
      says: [/expected: the bytes that key [0-9a-f]{16} signed/, 'found: other bytes'],
    },
  ),
  refused(
    'media whose signature is a web page',
    { media: { signature: 'garbage' } },
    {
      fault: 'TRUST-02',
      says: ['expected: a prestage-signature/1 document', 'found: not JSON'],
    },
  ),
  refused(
    'media signed by a key that is not pinned',
    { media: { key: 'stranger' } },
    {
      fault: 'TRUST-02',
      says: [/expected: a signature by key [0-9a-f]{16}/, /found: a signature by key [0-9a-f]{16}/],
    },
  ),
  refused(
    'media signed by the key that may sign policy only',
    { media: { key: 'policy' } },
    { fault: 'TRUST-02' },
  ),
  refused(
    'good media before an agent that pins another key',
    { config: `keys: ["${STRANGER}"]\n` },
    {
      fault: 'TRUST-02',
    },
  ),
  refused(
    'media with a signature that was made for policy',
    { media: { domain: 'policy' } },
    {
      fault: 'TRUST-02',
      says: ['expected: media', 'found: policy'],
    },
  ),
  refused(
    'media past its last day',
    {
      media: {
        fields: media => ({
          ...media,
          created: '2020-01-01T00:00:00Z',
          validFrom: '2020-01-01T00:00:00Z',
          validUntil: '2020-12-31T00:00:00Z',
        }),
      },
    },
    {
      fault: 'TRUST-03',
      subject: 'depot',
      says: ['expected: until 2020-12-31T00:00:00Z', /found: the clock says 20\d\d-/],
    },
  ),
  refused(
    'media before its first day',
    {
      media: {
        fields: media => ({
          ...media,
          validFrom: '2098-01-01T00:00:00Z',
          validUntil: '2099-01-01T00:00:00Z',
        }),
      },
    },
    {
      fault: 'TRUST-04',
      subject: 'depot',
      says: ['expected: from 2098-01-01T00:00:00Z', /found: the clock says 20\d\d-/],
    },
  ),
  refused(
    'media with a field from another time',
    { media: { fields: media => ({ ...media, wipeOtherDisks: true }) } },
    { fault: 'TRUST-10', says: ['wipeOtherDisks: unknown key'] },
  ),
  refused(
    'media with several fields of a wrong kind, all told',
    { media: { fields: media => ({ ...media, site: 'contoso', unattended: 'yes', policyKeys: [] }) } },
    {
      fault: 'TRUST-10',
      says: ['site: expected a site code', /unattended: expected/, /policyKeys: expected at least 1/],
    },
  ),
  refused(
    'media that names one content ID twice',
    {
      media: {
        fields: media => ({
          ...media,
          content: [...(media.content as Document[]), (media.content as Document[])[0]],
        }),
      },
    },
    { fault: 'TRUST-10', says: [/content\[\d+\]\.id: CON0000\d is used twice/] },
  ),
  refused(
    'media that is not JSON',
    { media: { bytes: Buffer.from('site: CON\n') } },
    {
      fault: 'TRUST-10',
      says: ['expected: JSON in UTF-8'],
    },
  ),
  refused(
    'a media manifest larger than its cap',
    { disk: { [`${OWN}/media.json`]: new Uint8Array(32 * 1024 * 1024 + 1) } },
    { fault: 'TRUST-08', says: ['expected: at most 33554432 bytes', 'found: 33554433'] },
  ),
  refused(
    'a file below the volume named by a way out of it',
    { media: { fields: hostileFile('../../../etc/passwd') } },
    { fault: 'TRUST-09', command: ['check'], says: ['../../../etc/passwd has the part ".."'] },
  ),
  refused(
    'a file named on another drive',
    { media: { fields: hostileFile('C:/Windows/win.ini') } },
    {
      fault: 'TRUST-09',
      says: ['C:/Windows/win.ini names a drive'],
    },
  ),
  refused(
    'media past its last day, looked at by check',
    {
      media: {
        fields: media => ({
          ...media,
          created: '2020-01-01T00:00:00Z',
          validFrom: '2020-01-01T00:00:00Z',
          validUntil: '2020-12-31T00:00:00Z',
        }),
      },
    },
    { fault: 'TRUST-03', command: ['check'], subject: 'depot' },
  ),
  refused(
    'media without a signature, proven by media verify',
    { media: { signature: 'absent' } },
    {
      fault: 'TRUST-01',
      words: ['media', 'verify', 'disk', '--config', 'agent.yaml', '--json'],
    },
  ),
  refused(
    'an altered media manifest, rehearsed',
    { media: { signature: 'of-other-bytes' } },
    {
      fault: 'TRUST-02',
      words: ['rehearse', 'disk', '--config', 'agent.yaml', '--json'],
    },
  ),
  refused(
    'an altered media manifest, met by continue',
    { media: { signature: 'of-other-bytes' } },
    {
      fault: 'TRUST-02',
      command: ['continue'],
    },
  ),
];
