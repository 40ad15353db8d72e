import { describe, expect, it } from 'vitest';
import type { Hardware } from '../../agent/content/hardware.ts';
import type { ContentReference } from '../../agent/content/manifest.ts';
import { type DriverFacts, judgeDriverPackages, noDriversNote } from '../../agent/policy/driver-packages.ts';
import { reference } from '../support/signed-documents.ts';

const MACHINE: DriverFacts = {
  manufacturer: 'Contoso Ltd.',
  model: 'Book 14',
  sku: 'BK14-EU',
  devices: ['PCI\\CC_0200', 'PCI\\VEN_8086&DEV_15F3', 'USB\\VID_0BDA&PID_8153'],
};

const driver = (id: string, hardware?: Hardware): ContentReference => ({
  ...reference(id, 'driver-package'),
  ...(hardware === undefined ? {} : { hardware }),
});

/** @returns the one judgement of a package of that hardware. */
function judge(hardware: Hardware, facts: DriverFacts = MACHINE): { taken: boolean; why: string } {
  const [found, ...others] = judgeDriverPackages(
    'auto',
    { offered: [driver('CON00004', hardware)], laid: [] },
    facts,
  );
  expect(others).toEqual([]);
  return { taken: found!.taken, why: found!.why };
}

describe('hardware', () => {
  it.each<[Hardware, string]>([
    [{ models: ['Book 13', 'Book 14'] }, 'it is for model Book 14'],
    [{ models: ['book 1?'] }, 'it is for model Book 14'],
    [
      { models: ['*14'], manufacturers: ['CONTOSO*'] },
      'it is for manufacturer Contoso Ltd. and model Book 14',
    ],
    [{ skus: [' bk14-eu '] }, 'it is for SKU BK14-EU'],
    [{ devices: ['pci\\ven_8086&dev_15f3', 'PCI\\VEN_1'] }, 'it is for device PCI\\VEN_8086&DEV_15F3'],
    [
      { models: ['*'], devices: ['PCI\\CC_0200', 'USB\\VID_0BDA&PID_8153'] },
      'it is for model Book 14 and devices PCI\\CC_0200, USB\\VID_0BDA&PID_8153',
    ],
  ])('%j fits', (hardware, why) => {
    expect(judge(hardware)).toEqual({ taken: true, why });
  });

  it.each<[Hardware, string]>([
    [{ models: ['Book 15'] }, 'model Book 15 does not match Book 14'],
    [{ models: ['Book 13', 'Book 15'] }, 'models Book 13, Book 15 do not match Book 14'],
    [{ models: ['Book'] }, 'model Book does not match Book 14'],
    [{ models: ['A', 'B', 'C', 'D', 'E'] }, 'models A, B, C and 2 more do not match Book 14'],
    [
      { models: ['Book 14'], manufacturers: ['Fabrikam'] },
      'manufacturer Fabrikam does not match Contoso Ltd.',
    ],
    [{ models: ['Book 14'], skus: ['BK14-US'] }, 'SKU BK14-US does not match BK14-EU'],
    [{ devices: ['PCI\\VEN_8086'] }, 'device PCI\\VEN_8086 is not among the 3 device IDs of this machine'],
    [
      { models: ['Book 14'], devices: ['A', 'B', 'C', 'D'] },
      'its 4 device IDs are not among the 3 device IDs of this machine',
    ],
  ])('%j does not', (hardware, why) => {
    expect(judge(hardware)).toEqual({ taken: false, why });
  });

  it.each<[Hardware, string]>([
    [{ models: ['*'] }, 'model * does not match a machine of unknown model'],
    [{ devices: ['A'] }, 'device A cannot be looked for: what devices this machine has is not known'],
  ])('%j does not fit a machine that tells nothing of itself', (hardware, why) => {
    expect(judge(hardware, {})).toEqual({ taken: false, why });
  });

  it('of the largest size is judged at once', () => {
    const devices = Array.from({ length: 20_000 }, (_, at) => `PCI\\VEN_8086&DEV_${at}`);
    const began = performance.now();
    expect(judge({ models: [`${'*a'.repeat(120)}*`] }, { ...MACHINE, model: 'a'.repeat(250) }).taken).toBe(
      true,
    );
    expect(judge({ devices }, { ...MACHINE, devices: [...devices].reverse() }).taken).toBe(true);
    expect(performance.now() - began).toBeLessThan(2_000);
  });
});

describe('of the driver packages of policy', () => {
  const offered = [
    driver('CON00009', { models: ['Book 14'] }),
    reference('CON00001', 'os-image'),
    driver('CON00006'),
    driver('CON00004', { models: ['Book 14'] }),
    driver('CON00005'),
    driver('CON00007', { models: ['Book 15'] }),
  ];
  const laid = [driver('CON00007'), driver('CON00006'), driver('CON0000F')];

  it('auto takes those that fit, laid or not, and of those that say nothing the laid ones, in the order of their IDs', () => {
    const judged = judgeDriverPackages('auto', { offered, laid }, MACHINE);
    expect(judged.map(({ id, taken, why }) => [id, taken, why])).toEqual([
      ['CON00004', true, 'it is for model Book 14'],
      ['CON00005', false, 'it says nothing of hardware, and the media did not lay it'],
      ['CON00006', true, 'it says nothing of hardware and lies on the media'],
      ['CON00007', false, 'model Book 15 does not match Book 14'],
      ['CON00009', true, 'it is for model Book 14'],
    ]);
    expect(noDriversNote('auto', judged, MACHINE)).toBeUndefined();
  });

  it('a list takes what it lists, in its order, whatever the hardware', () => {
    const judged = judgeDriverPackages(['CON00007', 'CON00005'], { offered, laid }, MACHINE);
    expect(judged.filter(({ taken }) => taken).map(({ id }) => id)).toEqual(['CON00007', 'CON00005']);
    expect(judged.map(({ why }) => why)).toContain('the task sequence does not list it');
  });

  it('none that fits is worth a note, unless policy has none or the sequence says so', () => {
    const judged = judgeDriverPackages('auto', { offered: offered.slice(5), laid: [] }, MACHINE);
    expect(noDriversNote('auto', judged, MACHINE)).toBe(
      'No driver package of policy fits this machine (Contoso Ltd. Book 14): Windows gets only the drivers that it has itself.',
    );
    expect(noDriversNote('auto', judged, {})).toContain('(model unknown)');
    expect(noDriversNote('auto', [], MACHINE)).toBeUndefined();
    expect(noDriversNote([], judged, MACHINE)).toBeUndefined();
  });
});
