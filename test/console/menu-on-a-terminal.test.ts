// The menu as a person sees it: the agent in a real pseudo terminal, keys typed into it, the screen read from it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeSmallSite, type SmallSite } from '../support/small-site.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder('menu-terminal');
const available = {
  taskSequence: 'CON00020',
  collection: 'all',
  purpose: 'available',
  makeAvailableTo: 'media-pxe',
};
let site: SmallSite;
beforeAll(async () => {
  site = await makeSmallSite(path.join(folder, 'site'), {
    differences: {
      'deployments.yaml': [
        { id: 'CON20001', ...available },
        { id: 'CON20002', ...available },
      ],
      'media/depot.yaml': {
        taskSequence: 'CON00020',
        bootImage: 'CON00005',
        createdBy: 'A. Admin',
        unattended: false,
      },
    },
  });
});
afterAll(() => site?.close());

/** util-linux's script gives the program a terminal of its own. */
async function atTerminal(disk: string, keys: string): Promise<{ code: number; screen: string }> {
  const line = `stty rows 25 cols 80; exec '${process.execPath}' agent/main.ts deploy --disk '${disk}' --config '${site.config}'`;
  const child = spawn('script', ['-qec', line, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
  let screen = '';
  let typed = false;
  child.stdout.setEncoding('utf8').on('data', text => {
    screen += text;
    if (typed || !screen.includes('Esc leaves')) return;
    typed = true;
    child.stdin.write(keys);
  });
  const [code] = await once(child, 'close');
  return { code: Number(code), screen };
}

test('two deployments are listed, the second one is chosen with the arrow, and it is carried out', async () => {
  const disk = path.join(folder, 'chosen');
  await site.layDisk(disk);
  const { code, screen } = await atTerminal(disk, '\x1b[B\r');
  expect(screen).toContain('Media depot: several task sequences are available for this computer.');
  expect(screen).toContain('> 1  CON20001  Install Windows');
  expect(screen).toContain('> 2  CON20002  Install Windows');
  expect(code, screen).toBe(3);
  const journal = await readFile(
    path.join(disk, 'volumes/windows/_SMSTaskSequence/Prestage/journal.log'),
    'utf8',
  );
  expect(journal).toContain('"deployment":"CON20002"');
});

test('Esc leaves with exit code 4, and nothing was changed', async () => {
  const disk = path.join(folder, 'left');
  await site.layDisk(disk);
  const { code, screen } = await atTerminal(disk, '\x1b');
  expect(code, screen).toBe(4);
  const journal = await readFile(
    path.join(disk, 'volumes/windows/_SMSTaskSequence/Prestage/journal.log'),
    'utf8',
  );
  expect(journal).not.toContain('action-started');
});
