import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { bootWarnings } from '../../agent/author/boot-facts.ts';
import { type CreatedMedia, createMedia } from '../../agent/author/create-media.ts';
import { freshnessOf } from '../../agent/author/media-freshness.ts';
import { summarize } from '../../agent/author/media-summary.ts';
import { publish } from '../../agent/author/publish.ts';
import { mediaCreate } from '../../agent/commands/media/create.ts';
import { mediaInspect } from '../../agent/commands/media/inspect.ts';
import type { Imaging } from '../../agent/machine/machine.ts';
import { openImaging } from '../../agent/machine/open-imaging.ts';
import { CA_2023, openBootForge, PCA_2011 } from '../support/signed-boot.ts';
import { mediaManifest } from '../support/signed-documents.ts';
import { authorKit, laySite, layTree } from '../support/site-kit.ts';
import { testComposition } from '../support/small-site.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { captureWim, writeTree } from '../support/wim-kit.ts';

const temporary = tempFolder('media-bill');
const at = (...names: readonly string[]) => path.join(temporary, ...names);
const NOW = '2026-03-01T12:00:00.000Z';
let imaging: Imaging;
let created: CreatedMedia;

beforeAll(async () => {
  imaging = await openImaging({ system: 'linux' });
  const forge = await openBootForge(at('forge'));
  await writeTree(at('tree'), { 'Windows/a.txt': 'a' });
  await writeTree(at('pe'), { 'Windows/Boot/EFI_EX/bootmgfw_EX.efi': await forge.sign(CA_2023) });
  const properties = ['WINDOWS/ARCH=9', 'WINDOWS/VERSION/BUILD=26100'];
  await captureWim(at('os.wim'), [{ folder: at('tree'), name: 'Windows 11 Pro', properties }]);
  await captureWim(at('boot.wim'), [{ folder: at('pe'), name: 'Windows PE', properties }]);
  await laySite(at('site'), readFileSync(at('os.wim')), {
    'agent/prestage.exe': forge.unsigned,
    'content/CON00005/files/sources/boot.wim': readFileSync(at('boot.wim')),
    'content/CON00005/files/boot/boot.sdi': 'sdi',
    'content/CON00005/files/EFI/BOOT/BOOTX64.EFI': await forge.sign(PCA_2011),
    'content/CON00005/files/EFI/Microsoft/Boot/bootmgfw.efi': await forge.sign(CA_2023),
    'media/depot.yaml': {
      taskSequence: 'CON00020',
      bootImage: 'CON00005',
      createdBy: 'A. Admin',
      agent: 'agent/prestage.exe',
      allowOffline: true,
    },
  });
  await publish({ site: at('site'), point: at('dp') }, authorKit(NOW));
  created = await createMedia(
    { site: at('site'), name: 'depot', to: at('depot.wim'), from: at('dp') },
    { ...authorKit(NOW), imaging, newId: () => '0e6f3a51-9f0c-4d4e-8f5a-2f7d3c1b9a10' },
  );
});

describe('the bill of a media', () => {
  it('has every item with its age, the image that is deployed, and why what nobody named is there', () => {
    expect(created.bill.items.map(({ id, lies, addedFor }) => [id, lies, addedFor])).toEqual([
      ['CON00005', 'esp', undefined],
      ['CON00001', 'cache', undefined],
      ['CON00004', 'cache', undefined],
      ['CON00003', 'cache', 'CON00002'],
      ['CON00002', 'cache', undefined],
    ]);
    expect(created.bill.items[1]).toMatchObject({
      published: expect.stringMatching(/^20\d\d-/),
      image: { index: 1, name: 'Windows 11 Pro', architecture: 'x64', build: '26100' },
    });
    const captured = created.bill.items[1]?.image?.created ?? '';
    expect(Math.abs(Date.parse(captured) - Date.now())).toBeLessThan(24 * 60 * 60 * 1000);
  });

  it('names who signed each boot manager, what is missing, and where one of 2023 is to be had', () => {
    const { boot, warnings } = created.bill;
    expect(boot).toMatchObject({
      managers: [
        { path: 'EFI/BOOT/BOOTX64.EFI', signatures: { signatures: [{ authority: 'windows-2011' }] } },
        {
          path: 'EFI/Microsoft/Boot/bootmgfw.efi',
          signatures: { signatures: [{ authority: 'windows-2023' }] },
        },
      ],
      missing: ['EFI/Microsoft/Boot/BCD'],
      bootWim: { index: 1, architecture: 'x64', build: '26100' },
      hasNewerManager: true,
    });
    expect(warnings).toEqual([
      expect.stringContaining('sources/boot.wim: has no image that is marked bootable'),
      expect.stringContaining('no EFI/Microsoft/Boot/BCD'),
      expect.stringMatching(/BOOTX64\.EFI is signed by the authority of 2011 alone.*KB5025885.*EFI_EX/),
      expect.stringContaining('policy on the media expires on 2026-05-30'),
    ]);
  });

  it('has totals, policy, agent, validity and what lies in the clear', () => {
    expect(created.bill).toMatchObject({
      totals: { items: 5 },
      policy: { serial: 1, expires: '2026-05-30T12:00:00Z' },
      validity: { until: '2027-03-01T12:00:00Z', daysLeft: 365 },
      agent: { machine: 'x64' },
      secrets: 'none',
      receipt: 'optional',
      recordShards: 0,
    });
  });

  it('tells a boot manager without a signature, one that is none, and a boot.wim without one of 2023', () => {
    const facts = {
      missing: [],
      managers: [{ path: 'bootmgr.efi', signatures: { kind: 'unsigned' } as const }],
    };
    expect(bootWarnings(facts)).toEqual([expect.stringContaining('bootmgr.efi is not signed')]);
    const signature = { authority: 'windows-2011', issuer: PCA_2011, signer: 'x' } as const;
    const old = [{ path: 'bootmgr.efi', signatures: { kind: 'signed', signatures: [signature] } as const }];
    expect(bootWarnings({ missing: [], managers: old, hasNewerManager: false })).toEqual([
      expect.stringContaining('service it with a newer update'),
    ]);
    const both = [signature, { ...signature, authority: 'windows-2023' as const }];
    const twice = [{ path: 'bootmgr.efi', signatures: { kind: 'signed', signatures: both } as const }];
    expect(bootWarnings({ missing: [], managers: twice })).toEqual([]);
  });

  it('is printed, and written as JSON where --bill says', async () => {
    const composition = testComposition({ imaging }, { now: () => new Date(NOW) });
    const options = { from: at('dp'), to: at('again.wim'), bill: at('bills/again.json') };
    expect(await mediaCreate(at('site'), 'depot', options, composition)).toBe(0);
    const text = composition.printed.join('\n');
    expect(text).toMatch(/CON00003 +7 +package +cache .*Runtime \(needed by CON00002\)/);
    expect(text).toContain(`EFI/BOOT/BOOTX64.EFI: signed through ${PCA_2011} (expires 20`);
    expect(text).toContain('365 days left.');
    expect(text).toContain('5 items');
    expect(text).toMatch(/\nMind:\n/);
    expect(JSON.parse(readFileSync(at('bills/again.json'), 'utf8'))).toMatchObject({
      format: 'prestage-bill/1',
      name: 'depot',
      createdBy: 'A. Admin',
      bill: { items: expect.any(Array), secrets: 'none' },
    });
    expect(existsSync(at('again.wim.json'))).toBe(true);
  });
});

describe('a media later', () => {
  it('is inspected against the newest policy, which tells what it has superseded', async () => {
    layTree(at('site'), {
      'content/CON00003/content.yaml': {
        id: 'CON00003',
        type: 'package',
        name: 'Runtime',
        version: '8',
        source: 'files',
        install: [{ command: 'run.cmd' }],
      },
    });
    await publish({ site: at('site'), point: at('dp') }, authorKit('2026-03-02T12:00:00.000Z'));
    const composition = testComposition({ imaging }, { now: () => new Date('2026-03-03T12:00:00.000Z') });
    const key = [path.join(at('site'), 'keys', 'media.pub')];
    const ask = { key, against: at('dp') };
    expect(await mediaInspect(at('depot.wim'), ask, composition)).toBe(0);
    const [text = ''] = composition.printed;
    expect(text).toContain('1 of 4 items are not');
    expect(text).toMatch(/CON00003 +7 +8 +Runtime/);
    expect(text).toContain('363 days left');
    await mediaInspect(at('depot.wim'), { ...ask, json: true }, composition);
    expect(JSON.parse(composition.printed.at(-1) ?? '')).toMatchObject({
      against: {
        serial: 2,
        taskSequence: 'current',
        items: expect.arrayContaining([
          { id: 'CON00003', version: '7', name: 'Runtime', state: 'superseded', now: '8' },
          { id: 'CON00002', version: '1.0', name: 'Editor', state: 'current' },
        ]),
      },
      summary: { secrets: 'none' },
    });
  });

  it('knows withdrawn items, and a task sequence that is gone', () => {
    const { manifest } = created;
    const gone = { serial: 9, created: manifest.created, content: [], taskSequences: [] };
    const fresh = freshnessOf(manifest, gone as unknown as Parameters<typeof freshnessOf>[1]);
    expect(fresh.taskSequence).toBe('withdrawn');
    expect(new Set(fresh.items.map(item => item.state))).toEqual(new Set(['withdrawn']));
  });

  it('says what lies in the clear, what is sealed, and that it expires soon', () => {
    const manifest = mediaManifest(created.manifest.policyKeys[0] ?? '', {
      machineKey: `${'A'.repeat(43)}=`,
      receipt: 'required',
    });
    const soon = new Date(Date.parse(manifest.validUntil) - 25 * 60 * 60 * 1000);
    expect(summarize(manifest, soon)).toMatchObject({
      secrets: 'clear',
      receipt: 'required',
      validity: { daysLeft: 1 },
      warnings: expect.arrayContaining(['The media expires in 1 day.']),
    });
  });
});
