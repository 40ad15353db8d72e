// Hardware of driver packages, from content.yaml and INF files to the published policy and the media.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { publish } from '../../agent/author/publish.ts';
import { readSite } from '../../agent/author/read-site.ts';
import { HARDWARE_DEVICES_MAX } from '../../agent/content/hardware.ts';
import type { ContentReference } from '../../agent/content/manifest.ts';
import { authorKit, laySite, layTree, type Tree } from '../support/site-kit.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { captureWim, writeTree } from '../support/wim-kit.ts';

const temporary = tempFolder('hardware');
let wim: Uint8Array;
let count = 0;

beforeAll(async () => {
  await writeTree(path.join(temporary, 'tree'), { 'Windows/a.txt': 'a' });
  await captureWim(path.join(temporary, 'os.wim'), [{ folder: path.join(temporary, 'tree'), name: 'OS' }]);
  wim = readFileSync(path.join(temporary, 'os.wim'));
});

async function lay(differences: Tree): Promise<{ readonly site: string; readonly point: string }> {
  count += 1;
  const site = path.join(temporary, `site-${count}`);
  await laySite(site, wim, differences);
  return { site, point: path.join(temporary, `point-${count}`) };
}

const CONTENT = 'content/CON00004/content.yaml';
const NETWORK = { id: 'CON00004', type: 'driver-package', name: 'Network', version: '2', source: 'files' };

const inf = (...ids: readonly string[]): string =>
  `[Version]\n[Manufacturer]\nx=m,NTamd64\n[m.NTamd64]\n${ids.map(id => `d=i,${id}\n`).join('')}`;

function referenceOf(point: string): ContentReference {
  const { serial } = JSON.parse(readFileSync(path.join(point, 'policy/current.json'), 'utf8'));
  const policy = JSON.parse(readFileSync(path.join(point, `policy/${serial}/policy.json`), 'utf8'));
  return policy.content.find(({ id }: ContentReference) => id === 'CON00004');
}

async function published(differences: Tree) {
  const request = await lay(differences);
  const world = authorKit();
  const result = await publish(request, world);
  const warnings = world.events.flatMap(event =>
    event.kind === 'note' && event.level === 'warning' ? [event.text] : [],
  );
  return { ...request, result, warnings, reference: referenceOf(request.point) };
}

describe('the hardware of a driver package', () => {
  it('stands in policy as its author wrote it, device IDs in capitals and in order', async () => {
    const hardware = {
      models: ['Book 1?'],
      skus: ['BK14'],
      devices: ['PCI\\VEN_2', 'pci\\ven_1', 'PCI\\VEN_1'],
    };
    const { reference } = await published({ [CONTENT]: { ...NETWORK, hardware } });
    expect(reference.hardware).toEqual({ ...hardware, devices: ['PCI\\VEN_1', 'PCI\\VEN_2'] });
  });

  it('is read from every INF file where its author says so', async () => {
    const { reference, warnings } = await published({
      [CONTENT]: { ...NETWORK, hardware: { models: ['Book 14'], devices: 'inf' } },
      'content/CON00004/files/net.inf': inf('PCI\\VEN_2', 'PCI\\VEN_1'),
      'content/CON00004/files/wifi/WIFI.INF': Buffer.from(`\ufeff${inf('pci\\ven_3')}`, 'utf16le'),
      'content/CON00004/files/readme.txt': inf('PCI\\VEN_9'),
      'content/CON00004/files/autorun.inf': '[autorun]\nopen=setup.exe\n',
    });
    expect(reference.hardware).toEqual({
      models: ['Book 14'],
      devices: ['PCI\\VEN_1', 'PCI\\VEN_2', 'PCI\\VEN_3'],
    });
    expect(warnings).toEqual([]);
  });

  it('changes without a new version, and the content’s manifest stays as it is', async () => {
    const plain = await published({});
    expect(plain.reference).not.toHaveProperty('hardware');
    const { digest } = plain.reference;
    layTree(plain.site, { [CONTENT]: { ...NETWORK, hardware: { models: ['Book 14'] } } });
    const again = await publish(plain, authorKit());
    expect(again.items.map(({ outcome }) => outcome)).toEqual(again.items.map(() => 'unchanged'));
    expect(referenceOf(plain.point)).toMatchObject({ digest, hardware: { models: ['Book 14'] } });
    layTree(plain.site, { [CONTENT]: NETWORK });
    await publish(plain, authorKit());
    expect(referenceOf(plain.point)).toEqual(plain.reference);
  });

  it('an INF file that is none is told by name, and the others count', async () => {
    const { reference, warnings } = await published({
      [CONTENT]: { ...NETWORK, hardware: { devices: 'inf' } },
      'content/CON00004/files/net.inf': inf('PCI\\VEN_1'),
      'content/CON00004/files/sub/broken.inf': new Uint8Array(5000).fill(0xa5),
    });
    expect(reference.hardware).toEqual({ devices: ['PCI\\VEN_1'] });
    expect(warnings).toEqual([
      'CON00004: sub/broken.inf is no INF file of a driver: it has no [Version] section.',
    ]);
  });

  it.each<[string, string, number]>([
    ['none', '[Version]\n', 0],
    [
      'more than policy takes',
      inf(...Array.from({ length: HARDWARE_DEVICES_MAX + 1 }, (_, at) => `PCI\\VEN_${at}`)),
      HARDWARE_DEVICES_MAX + 1,
    ],
  ])(
    'INF files with device IDs are wanted: %s stops publishing before anything is copied',
    async (_, text, found) => {
      const request = await lay({
        [CONTENT]: { ...NETWORK, hardware: { devices: 'inf' } },
        'content/CON00004/files/net.inf': text,
      });
      expect(await faultOf(publish(request, authorKit()))).toMatchObject({
        code: 'USAGE-02',
        subject: 'CON00004',
        detail: {
          issues: [
            `CON00004 hardware.devices: expected 1 to 20000 device IDs in its INF files, found ${found} in 1 of them`,
          ],
        },
      });
      expect(existsSync(request.point)).toBe(false);
    },
  );
});

describe('a mistake in hardware is told at its place', () => {
  const head = 'id: CON00004\ntype: driver-package\nname: Network\nversion: "2"\nsource: files\n';
  it.each<[string, string]>([
    [
      `${head.replace('driver-package', 'package')}hardware:\n  models: [A]\n`,
      '7:3 hardware: only a driver package has hardware, and this is of type package',
    ],
    [`${head}hardware: {}\n`, '6:11 hardware: expected at least one of manufacturers, models, skus, devices'],
    [`${head}hardware: { models: [A], model: [A] }\n`, '6:26 hardware.model: unknown key'],
    [
      `${head}hardware: { devices: all }\n`,
      '6:22 hardware.devices: expected inf or a list of device IDs, found all',
    ],
    [
      `${head}hardware: { devices: ["A,B"] }\n`,
      '6:23 hardware.devices[0]: expected a device ID such as PCI\\VEN_8086&DEV_15F3, of at most 256 characters, found "A,B"',
    ],
  ])('%j', async (text, issue) => {
    const { site } = await lay({ [CONTENT]: text });
    expect((await faultOf(readSite(site))).detail.issues).toEqual([`${CONTENT}:${issue}`]);
  });
});
