// The main job, whole: what `npm run first-boot` does and judges from outside, as part of the gate.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { Report } from '../../agent/report/report.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

async function firstBoot(): Promise<{ readonly code: number; readonly text: string }> {
  return await new Promise(resolve => {
    const options = { cwd: ROOT, maxBuffer: 64 * 1024 * 1024 };
    execFile(process.execPath, ['scripts/first-boot.mjs'], options, (error, stdout, stderr) =>
      resolve({
        code: typeof error?.code === 'number' ? error.code : error === null ? 0 : 1,
        text: stdout + stderr,
      }),
    );
  });
}

test('first boot completes with the Linux and the Windows executable, and every check from outside holds', {
  timeout: 900_000,
}, async () => {
  const { code, text } = await firstBoot();
  expect(code, text.slice(-4000)).toBe(0);
  for (const system of ['linux', 'windows']) {
    const report: Report = JSON.parse(
      await readFile(path.join(ROOT, 'out/first-boot', system, 'report.json'), 'utf8'),
    );
    expect(report.outcome, system).toBe('completed');
    expect(report.byOutcome, system).toEqual({ present: 4, changed: 1, damaged: 2, missing: 1 });
    expect(report.image?.bad, system).toHaveLength(1);
    expect(report.bytes.fetched / report.bytes.total, system).toBeLessThan(0.1);
    expect(report.faults, system).toEqual([]);
  }
});
