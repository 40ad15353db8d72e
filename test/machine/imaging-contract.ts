// The contract of Imaging as one suite, run against every library that implements it.
import { execFile } from 'node:child_process';
import { readdir, readFile, stat, truncate } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Imaging } from '../../agent/machine/machine.ts';
import { describeWim } from '../../agent/wim/read-wim.ts';
import {
  captureWim,
  overwrite,
  readTree,
  type TemporaryFolder,
  temporaryFolder,
  windowsLikeTree,
  writeTree,
} from '../support/wim-kit.ts';

const run = promisify(execFile);

export interface ImagingUnderTest {
  open(): Promise<Imaging>;
  /** A path of this system as the library's system sees it (`Z:\...` under Wine). */
  see(path: string): string;
  /** Whether it can tell what files an image has. */
  readonly looksInside: boolean;
  /** The native number of a bootable image that is not there. */
  readonly noSuchImageNative: number;
  /** The native number of a damaged resource. */
  readonly damagedNative: number;
}

export function imagingContract(title: string, under: ImagingUnderTest): void {
  describe(title, () => {
    let folder: TemporaryFolder;
    let imaging: Imaging;
    let wim: string;

    beforeAll(async () => {
      folder = await temporaryFolder();
      imaging = await under.open();
      wim = folder.join('install.wim');
      await windowsLikeTree(folder.join('source'));
      await writeTree(folder.join('second'), { 'only.txt': 'second image' });
      await captureWim(wim, [
        {
          folder: folder.join('source'),
          name: 'Windows Test',
          description: 'a tree',
          properties: ['WINDOWS/ARCH=9', 'WINDOWS/EDITIONID=Enterprise'],
        },
        { folder: folder.join('second'), name: 'Second' },
      ]);
    });

    afterAll(async () => {
      await folder[Symbol.asyncDispose]();
    });

    /** Applies into a new folder named after the test. */
    async function applyTo(
      name: string,
      request: Partial<Parameters<Imaging['apply']>[0]> = {},
    ): Promise<string> {
      const target = folder.join(name);
      const temporary = folder.join(`${name}.temp`);
      await writeTree(target, {});
      await writeTree(temporary, {});
      await imaging.apply({
        wim: under.see(wim),
        index: 1,
        target: under.see(target),
        temporary: under.see(temporary),
        ...request,
      });
      return target;
    }

    it('tells whether an image has a file, whatever the case of its name, or that it cannot tell', async () => {
      const ask = (path: string) => imaging.hasFile({ wim: under.see(wim), index: 1, path });
      const answer = (is: boolean) => (under.looksInside ? is : undefined);
      expect(await ask('windows/SYSTEM32/Big.bin')).toBe(answer(true));
      expect(await ask('Users/Öffentlich/日本語 ファイル.txt')).toBe(answer(true));
      expect(await ask('Windows/Boot/EFI_EX/bootmgfw_EX.efi')).toBe(answer(false));
      expect(await ask('Windows/empty.txt/below')).toBe(answer(false));
    });

    it('lists the images as the XML tells them', async () => {
      const images = await imaging.listImages(under.see(wim));
      expect(images).toMatchObject([
        {
          index: 1,
          name: 'Windows Test',
          description: 'a tree',
          architecture: 'x64',
          edition: 'Enterprise',
          fileCount: 306,
        },
        { index: 2, name: 'Second', fileCount: 1 },
      ]);
    });

    it('applies an image so that every file, name and empty folder is the same', async () => {
      const target = await applyTo('applied');
      expect(await readTree(target)).toEqual(await readTree(folder.join('source')));
      const [kernel, linked] = [
        await stat(`${target}/Windows/System32/kernel.txt`),
        await stat(`${target}/Windows/linked.txt`),
      ];
      expect(linked.ino).toBe(kernel.ino);
    });

    it('applies the image whose index is given', async () => {
      expect(await readTree(await applyTo('applied-second', { index: 2 }))).toEqual(
        await readTree(folder.join('second')),
      );
    });

    it('reports progress that starts low, never falls and ends at the total', async () => {
      const seen: [number, number][] = [];
      await applyTo('with-progress', { advance: (done, total) => seen.push([done, total]) });
      const done = seen.map(([bytes]) => bytes);
      const totals = new Set(seen.map(([, total]) => total));
      expect(seen.length).toBeGreaterThan(5);
      expect(done).toEqual([...done].sort((a, b) => a - b));
      expect(totals.size).toBe(1);
      expect(done.at(-1)).toBe([...totals][0]);
      expect(done[0]).toBeLessThan([...totals][0]! / 2);
    });

    it('keeps the event loop alive while it applies', async () => {
      let ticks = 0;
      const timer = setInterval(() => (ticks += 1), 5);
      await applyTo('ticking');
      clearInterval(timer);
      expect(ticks).toBeGreaterThan(2);
    });

    it('stops with STOP-01 when aborted on the way', async () => {
      const stopper = new AbortController();
      const applied = applyTo('stopped', {
        signal: stopper.signal,
        advance: (done, total) => {
          if (done > total * 0.2) stopper.abort();
        },
      });
      await expect(applied).rejects.toMatchObject({ code: 'STOP-01' });
    });

    it('does not begin when it is aborted before', async () => {
      await expect(applyTo('never', { signal: AbortSignal.abort() })).rejects.toMatchObject({
        code: 'STOP-01',
      });
      expect(await readTree(folder.join('never'))).toEqual({});
    });

    it('applies again after a stop', async () => {
      expect(await readTree(await applyTo('stopped'))).toEqual(await readTree(folder.join('source')));
    });

    it('refuses an index beyond the images with IMAGE-03', async () => {
      await expect(applyTo('no-such', { index: 3 })).rejects.toMatchObject({
        code: 'IMAGE-03',
        detail: { expected: '1 to 2', found: 3 },
      });
      await expect(applyTo('no-such', { index: 0 })).rejects.toMatchObject({ code: 'IMAGE-03' });
    });

    it('refuses what is no WIM with IMAGE-01, a cut WIM with IMAGE-02, an absent one with USAGE-08', async () => {
      await writeTree(folder.path, { 'page.wim': '<html>'.repeat(100) });
      const cut = folder.join('cut.wim');
      await captureWim(cut, [{ folder: folder.join('second'), name: 'x' }]);
      await truncate(cut, (await stat(cut)).size - 300);
      await expect(applyTo('bad', { wim: under.see(folder.join('page.wim')) })).rejects.toMatchObject({
        code: 'IMAGE-01',
      });
      await expect(applyTo('bad', { wim: under.see(cut) })).rejects.toMatchObject({ code: 'IMAGE-02' });
      await expect(applyTo('bad', { wim: under.see(folder.join('absent.wim')) })).rejects.toMatchObject({
        code: 'USAGE-08',
      });
      await expect(imaging.listImages(under.see(folder.join('page.wim')))).rejects.toMatchObject({
        code: 'IMAGE-01',
      });
    });

    it('refuses a target that is not there', async () => {
      await expect(applyTo('x', { target: under.see(folder.join('nowhere')) })).rejects.toMatchObject({
        code: 'USAGE-08',
      });
    });

    it('ends with IMAGE-02 and the native number when a resource is damaged', async () => {
      const damaged = folder.join('damaged.wim');
      await captureWim(damaged, [{ folder: folder.join('source'), name: 'x' }], { integrity: false });
      await overwrite(damaged, Math.floor((await stat(damaged)).size / 2), Buffer.from('rot!'));
      const applied = applyTo('damaged', { wim: under.see(damaged) });
      await expect(applied).rejects.toMatchObject({
        code: 'IMAGE-02',
        detail: { native: under.damagedNative },
      });
    });

    describe('capture', () => {
      const first = () => ({
        folder: under.see(folder.join('source')),
        name: 'First & <foremost>',
        description: 'Ünïcode 日本 😀',
      });
      const sources = () => [first(), { folder: under.see(folder.join('second')), name: 'Second' }];

      /** Captures both trees under a new name. */
      async function capture(
        name: string,
        request: Partial<Parameters<Imaging['capture']>[0]> = {},
      ): Promise<string> {
        const wim = folder.join(name);
        await imaging.capture({
          wim: under.see(wim),
          images: sources(),
          compression: 'xpress',
          ...request,
        });
        return wim;
      }

      const beside = async (name: string): Promise<readonly string[]> =>
        (await readdir(folder.path)).filter(each => each.startsWith(name));

      it('makes a WIM with an integrity table that applies to the same trees', async () => {
        const captured = await capture('captured.wim', { bootIndex: 2 });
        const { header, images } = await describeWim(captured);
        const { name, description } = first();
        expect(images).toMatchObject([{ name, description, fileCount: 306 }, { name: 'Second' }]);
        expect(images[1]).not.toHaveProperty('description', expect.anything());
        expect(header).toMatchObject({ compression: 'xpress', bootIndex: 2 });
        expect(header.integrity.storedBytes).toBeGreaterThan(0);
        await expect(run('wimlib-imagex', ['verify', captured])).resolves.toBeDefined();
        expect(await readTree(await applyTo('from-capture', { wim: under.see(captured) }))).toEqual(
          await readTree(folder.join('source')),
        );
        expect(
          await readTree(await applyTo('from-capture-second', { wim: under.see(captured), index: 2 })),
        ).toEqual(await readTree(folder.join('second')));
        expect(await beside('captured.wim')).toEqual(['captured.wim']);
      });

      it('marks no image as bootable unless asked to, and keeps to the compression', async () => {
        const { header } = await describeWim(await capture('plain.wim', { compression: 'lzx' }));
        expect(header).toMatchObject({ compression: 'lzx', bootIndex: 0 });
      });

      it('reports progress that never falls and ends at the total, and keeps the event loop alive', async () => {
        const seen: [number, number][] = [];
        let ticks = 0;
        const timer = setInterval(() => (ticks += 1), 5);
        await capture('with-progress.wim', { advance: (done, total) => seen.push([done, total]) });
        clearInterval(timer);
        const done = seen.map(([bytes]) => bytes);
        expect(seen.length).toBeGreaterThan(2);
        expect(done).toEqual([...done].sort((a, b) => a - b));
        expect(seen.at(-1)?.[0]).toBe(seen.at(-1)?.[1]);
        expect(ticks).toBeGreaterThan(2);
      });

      it('replaces a WIM of that name only when the new one is whole, and what a run that was cut left', async () => {
        await writeTree(folder.path, { 'again.wim': 'the old one', 'again.wim.partial': 'half' });
        await expect(capture('again.wim', { signal: AbortSignal.abort() })).rejects.toThrow();
        expect(await readFile(folder.join('again.wim'), 'utf8')).toBe('the old one');
        expect((await describeWim(await capture('again.wim'))).images).toHaveLength(2);
        expect(await beside('again.wim')).toEqual(['again.wim']);
      });

      it('stops with STOP-01 on the way and leaves nothing', async () => {
        const stopper = new AbortController();
        const stopped = capture('halted.wim', {
          compression: 'lzx',
          signal: stopper.signal,
          advance: () => stopper.abort(),
        });
        await expect(stopped).rejects.toMatchObject({ code: 'STOP-01' });
        expect(await beside('halted.wim')).toEqual([]);
      });

      it('leaves nothing under either name when it does not begin', async () => {
        await expect(capture('stopped.wim', { signal: AbortSignal.abort() })).rejects.toMatchObject({
          code: 'STOP-01',
        });
        const images = [{ folder: under.see(folder.join('not there')), name: 'x' }];
        await expect(capture('stopped.wim', { images })).rejects.toMatchObject({ code: 'USAGE-08' });
        expect(await beside('stopped.wim')).toEqual([]);
      });

      it('says with IMAGE-08 and the native number what the library refuses, here a bootable image that is not there', async () => {
        const refused = capture('refused.wim', { bootIndex: 3 });
        await expect(refused).rejects.toMatchObject({
          code: 'IMAGE-08',
          detail: { native: under.noSuchImageNative },
        });
        expect(await beside('refused.wim')).toEqual([]);
      });
    });
  });
}
