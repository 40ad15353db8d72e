// The contract of Machine as one suite, run against the rehearsal machine and against Windows.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Machine } from '../../agent/machine/machine.ts';

export interface MachineUnderTest extends AsyncDisposable {
  readonly machine: Machine;
  /** A Windows folder on the machine's volume: as this test process sees it, and as the machine does. */
  readonly windows: { readonly here: string; readonly there: string };
  /** Root of the volume of that Windows, as the machine sees it. */
  readonly imageRoot: string;
  /** What the machine calls C:, as this test process sees it. */
  readonly systemDrive: string;
  /** A folder of a content item, as both see it. */
  readonly item: { readonly here: string; readonly there: string };
  /** A command line that this machine ends with the exit code. */
  exitingWith(code: number): Promise<string>;
}

export function machineContract(title: string, open: () => Promise<MachineUnderTest>): void {
  describe(title, () => {
    let under: MachineUnderTest;
    let machine: Machine;

    beforeAll(async () => {
      under = await open();
      machine = under.machine;
      await mkdir(path.join(under.windows.here, 'System32'), { recursive: true });
      await mkdir(under.item.here, { recursive: true });
    });
    afterAll(() => under[Symbol.asyncDispose]());

    it('states its facts as plain data', async () => {
      const facts = await machine.facts();
      expect(JSON.parse(JSON.stringify(facts))).toEqual(facts);
      expect(facts.memoryBytes).toBeGreaterThan(0);
      expect(facts.firmware).toMatch(/^(uefi|bios|unknown)$/);
      expect(facts.system).toMatch(/^(winpe|full-os|rehearsal)$/);
      expect(Array.isArray(facts.macAddresses) && Array.isArray(facts.ipAddresses)).toBe(true);
    });

    it('lists volumes with an identity, a root that can be read and their space', async () => {
      const volumes = await machine.volumes();
      expect(volumes.length).toBeGreaterThan(0);
      expect(new Set(volumes.map(volume => volume.id)).size).toBe(volumes.length);
      for (const volume of volumes.filter(each => each.kind === 'fixed')) {
        expect(volume.sizeBytes).toBeGreaterThanOrEqual(volume.freeBytes);
        expect(volume.root).not.toBe('');
      }
    });

    it('lists its physical disks', async () => {
      const disks = await machine.disks();
      expect(disks.length).toBeGreaterThan(0);
      for (const disk of disks) {
        expect(Number.isInteger(disk.number)).toBe(true);
        expect(disk.sizeBytes).toBeGreaterThan(0);
      }
    });

    it('registers the recovery environment of a Windows that brings one, also when repeated', async () => {
      expect(await machine.setRecovery(under.windows.there)).toBe(false);
      await mkdir(path.join(under.windows.here, 'System32', 'Recovery'), { recursive: true });
      await writeFile(path.join(under.windows.here, 'System32', 'Recovery', 'Winre.wim'), 'MSWIM');
      expect(await machine.setRecovery(under.windows.there)).toBe(true);
      expect(await machine.setRecovery(under.windows.there)).toBe(true);
    });

    it('has the Windows folder on one of its volumes', async () => {
      const roots = (await machine.volumes()).map(volume => volume.root.toLowerCase());
      expect(roots.some(root => under.windows.there.toLowerCase().startsWith(root))).toBe(true);
    });

    it('flushes a volume', async () => {
      const volume = (await machine.volumes()).find(each =>
        under.windows.there.toLowerCase().startsWith(each.root.toLowerCase()),
      )!;
      await expect(machine.flush(volume)).resolves.toBeUndefined();
    });

    it('adds a Windows to the boot menu, makes it the default, returns to the media, and takes the media’s entry away, each also when repeated', async () => {
      expect(await machine.hasBootEntry(under.windows.there)).toBe(false);
      await machine.addBootEntry(under.windows.there);
      expect(await machine.hasBootEntry(under.windows.there)).toBe(true);
      await machine.makeDefault(under.windows.there);
      await machine.makeDefault(under.windows.there);
      await machine.returnToMedia();
      expect(await machine.returnToMedia()).toBe(false);
      await machine.makeDefault(under.windows.there);
      await machine.retireMediaBootEntry();
      await machine.retireMediaBootEntry();
      expect(await machine.hasBootEntry(under.windows.there)).toBe(true);
    });

    it('adds drivers to an offline image', async () => {
      await writeFile(path.join(under.item.here, 'net.inf'), '[Version]\r\n');
      await expect(machine.addDrivers(under.imageRoot, under.item.there)).resolves.toBeUndefined();
    });

    it.each([0, 1, 3010, 1641, 70_000])('gives exit code %i of a program as it is', async code => {
      const command = await under.exitingWith(code);
      const result = await machine.run({ command, folder: under.item.there, timeoutMs: 60_000 });
      expect(result).toMatchObject({ exitCode: code, timedOut: false });
    });

    it('refuses an empty command with PKG-03', async () => {
      await expect(
        machine.run({ command: ' ', folder: under.item.there, timeoutMs: 1000 }),
      ).rejects.toMatchObject({ code: 'PKG-03' });
    });

    it('detects a file on the system drive by its path, whatever its case', async () => {
      const file = path.join(under.systemDrive, 'Program Files', 'Tool', 'tool.exe');
      expect(await machine.detects({ file: 'C:\\Program Files\\Tool\\tool.exe' })).toBe(false);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, 'MZ');
      expect(await machine.detects({ file: 'C:\\PROGRAM FILES\\Tool\\TOOL.exe' })).toBe(true);
      expect(await machine.detects({ file: '%ProgramFiles%\\Tool\\tool.exe' })).toBe(true);
    });

    it('does not detect a product that is not there', async () => {
      expect(await machine.detects({ productCode: '{00000000-1111-2222-3333-444444444444}' })).toBe(false);
      expect(await machine.detects({ registryKey: 'HKLM\\SOFTWARE\\Prestage Test\\Absent' })).toBe(false);
    });
  });
}
