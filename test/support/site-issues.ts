// What is wrong with a site that differs from the small one in a few files.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll } from 'vitest';
import { readSite } from '../../agent/author/read-site.ts';
import { laySite, type Tree } from './site-kit.ts';
import { faultOf } from './sources.ts';
import { tempFolder } from './temp-folder.ts';
import { captureWim, writeTree } from './wim-kit.ts';

export interface Sites {
  /** @returns the folder of a new site. */
  lay(differences: Tree): Promise<string>;
  /** @returns the mistakes of such a site, as they are told. */
  issuesOf(differences: Tree): Promise<readonly string[]>;
}

/** Called once, where a test file begins; `name` is that of its temporary folder. */
export function openSites(name: string): Sites {
  const temporary = tempFolder(name);
  const wim = path.join(temporary, 'os.wim');
  let count = 0;
  beforeAll(async () => {
    await writeTree(path.join(temporary, 'tree'), { 'Windows/a.txt': 'a' });
    await captureWim(wim, [{ folder: path.join(temporary, 'tree'), name: 'OS' }]);
  });
  return { lay, issuesOf };

  async function lay(differences: Tree): Promise<string> {
    count += 1;
    const folder = path.join(temporary, String(count));
    await laySite(folder, readFileSync(wim), differences);
    return folder;
  }

  async function issuesOf(differences: Tree): Promise<readonly string[]> {
    const { detail } = await faultOf(readSite(await lay(differences)));
    return detail.issues as readonly string[];
  }
}
