// A folder of its own for one test file, gone afterwards.
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';

/** Makes a temporary folder now and removes it after the last test of the file that called. */
export function tempFolder(name: string): string {
  const folder = mkdtempSync(path.join(realpathSync(os.tmpdir()), `prestage-${name}-`));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
