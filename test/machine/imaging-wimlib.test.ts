// The contract of Imaging against libwim on Linux, and what only concerns opening a library.
import path from 'node:path';
import { expect, it } from 'vitest';
import { openImaging } from '../../agent/machine/open-imaging.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { imagingContract } from './imaging-contract.ts';

imagingContract('imaging by libwim', {
  open: () => openImaging({ system: 'linux' }),
  see: path => path,
  looksInside: true,
  noSuchImageNative: 18, // WIMLIB_ERR_INVALID_IMAGE
  damagedNative: 28, // WIMLIB_ERR_INVALID_RESOURCE_HASH; a decompression error (2) is possible, but not with random data
});

it('names library and version for the report', async () => {
  expect((await openImaging({ system: 'linux' })).name).toMatch(/^wimlib 1\.\d+\.\d+ \(libwim\.so\.15\)$/);
});

it('names everything it tried when no library can be loaded', async () => {
  const opened = openImaging({ system: 'linux', only: 'wimgapi', besideFolder: '/nowhere' });
  await expect(opened).rejects.toMatchObject({
    code: 'IMAGE-05',
    detail: { tried: ['wimgapi.dll: on Windows only'] },
  });
});

it('says with IMAGE-08 and the native number why a capture is not possible, here two images of one name', async () => {
  const folder = tempFolder('capture-twice');
  const image = { folder: tempFolder('capture-source'), name: 'twice' };
  const imaging = await openImaging({ system: 'linux' });
  const captured = imaging.capture({
    wim: path.join(folder, 'x.wim'),
    images: [image, image],
    compression: 'none',
  });
  // WIMLIB_ERR_IMAGE_NAME_COLLISION of wimlib.h
  await expect(captured).rejects.toMatchObject({ code: 'IMAGE-08', detail: { native: 11 } });
});
