// Native error numbers to faults, where a number cannot be brought about for real in a test.
import { expect, it } from 'vitest';
import { captureProgress } from '../../agent/machine/capture-progress.ts';
import { imagingProgress } from '../../agent/machine/imaging-progress.ts';
import { captureFault, wimgapiFault } from '../../agent/machine/wimgapi-faults.ts';

it.each([
  [2, 'IMAGE-04', 'x.wim'],
  [5, 'DISK-02', 'W:\\'],
  [11, 'IMAGE-02', 'x.wim'],
  [13, 'IMAGE-02', 'x.wim'],
  [19, 'DISK-02', 'W:\\'],
  [23, 'DISK-03', 'W:\\'],
  [39, 'DISK-01', 'W:\\'],
  [112, 'DISK-01', 'W:\\'],
  [1235, 'STOP-01', 'W:\\'],
  [1392, 'IMAGE-02', 'x.wim'],
  [4711, 'IMAGE-04', 'x.wim'],
])('Win32 error %i of wimgapi is %s about %s', (native, code, subject) => {
  expect(wimgapiFault(native, 'WIMApplyImage', 'x.wim', 'W:\\')).toMatchObject({
    code,
    subject,
    detail: { native, doing: 'WIMApplyImage' },
  });
});

it.each([
  [2, 'IMAGE-08'],
  [5, 'IMAGE-08'],
  [32, 'IMAGE-08'],
  [39, 'DISK-01'],
  [112, 'DISK-01'],
  [1235, 'STOP-01'],
  [1392, 'IMAGE-08'],
])('Win32 error %i of wimgapi while capturing is %s', (native, code) => {
  expect(captureFault(native, 'WIMCaptureImage', 'x.wim')).toMatchObject({
    code,
    subject: 'x.wim',
    detail: { native, doing: 'WIMCaptureImage' },
  });
});

it('progress of a capture goes by files, finer by percent where it comes, and image after image', () => {
  const seen: number[] = [];
  const progress = captureProgress([1000, 9000], done => seen.push(done));
  progress.position(5); // before a range was told
  progress.range(4);
  progress.position(2);
  progress.endImage();
  progress.range(10);
  progress.position(1);
  progress.percent(50);
  progress.position(10); // all files were told, which does not mean that they are written
  progress.percent(100);
  progress.endImage();
  progress.end();
  expect(seen).toEqual([500, 1000, 1900, 5500, 10_000]);
});

it('progress never falls, takes the library’s total over the expected one, and ends at the total', () => {
  const seen: [number, number][] = [];
  const progress = imagingProgress((done, total) => seen.push([done, total]), 50);
  for (const [done, total] of [
    [0, 0],
    [0, 200],
    [20, 200],
    [10, 200],
    [20, 200],
    [150, 200],
    [999, 200],
  ] as const)
    progress.to(done, total);
  progress.end();
  expect(seen).toEqual([
    [0, 200],
    [20, 200],
    [150, 200],
    [200, 200],
  ]);
});

it('progress in percent is bytes of the expected total', () => {
  const seen: number[] = [];
  const progress = imagingProgress(done => seen.push(done), 1000);
  for (const percent of [0, 1, 95, 95, 94, 100, 101]) progress.toShare(percent / 100);
  progress.end();
  expect(seen).toEqual([0, 10, 950, 1000]);
});
