// Makes the folders that the sample OS image is captured from: Wine's own C:\Windows (real PE files) arranged as Windows arranges itself,
// with a component store of hard links and names that trip careless code.
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { WINE, WINE_TEMPLATE } from '../setup/place.mjs';
import { run } from '../setup/program.mjs';
import { crlf, lay } from './made.mjs';

/** Makes `tree`: the first image, several thousand files. */
export async function makeFullTree(tree) {
  mkdirSync(tree, { recursive: true });
  await run('cp', ['-a', '--reflink=auto', `${join(WINE_TEMPLATE, 'drive_c')}/.`, tree]);
  spellAsWindows(tree);
  layRegistry(tree);
  for (const kind of ['fonts', 'nls'])
    copyIfThere(
      join(WINE, 'usr/share/wine', kind),
      join(tree, 'Windows/Fonts', kind === 'fonts' ? '' : '../System32/nls'),
    );
  layComponentStore(tree);
  layNames(tree);
}

/** Makes `tree`: the second image, a small variant of the first, as a Server Core is to a Server. */
export function makeCoreTree(tree, full) {
  const system32 = join(full, 'Windows/System32');
  for (const name of readdirSync(system32).sort()) {
    if (
      /^(advapi32|api-ms|cmd|crypt32|gdi32|kernel32|kernelbase|msvcrt|ntdll|ole32|reg|rpcrt4|sechost|ucrtbase|user32|userenv|ws2_32)/i.test(
        name,
      )
    ) {
      cpSync(join(system32, name), join(tree, 'Windows/System32', name), {
        recursive: true,
        preserveTimestamps: true,
      });
    }
  }
  cpSync(join(full, 'Windows/System32/config'), join(tree, 'Windows/System32/config'), { recursive: true });
  lay(join(tree, 'Windows/win.ini'), crlf('; for 16-bit app support\n[fonts]\n[extensions]\n'));
  lay(join(tree, 'Windows/System32/license.rtf'), '{\\rtf1 The second image of the sample: Core.}');
}

/** Wine writes lower case; Windows does not, and a tool on Linux that looks for `Windows` must find it. */
function spellAsWindows(tree) {
  renameSync(join(tree, 'windows'), join(tree, 'Windows'));
  renameSync(join(tree, 'users'), join(tree, 'Users'));
  renameSync(join(tree, 'Windows/system32'), join(tree, 'Windows/System32'));
  renameSync(join(tree, 'Windows/winsxs'), join(tree, 'Windows/WinSxS'));
  renameSync(join(tree, 'Windows/logs'), join(tree, 'Windows/Logs'));
  rmSync(join(tree, 'Windows/temp'), { recursive: true, force: true });
  mkdirSync(join(tree, 'Windows/Temp'));
}

/**
 * Wine keeps its hives as text beside drive_c; in the image they lie where Windows keeps its own, so that the applied volume can be started.
 * What Windows Setup leaves behind when it has ended is added: the sample has no Setup of its own.
 */
function layRegistry(tree) {
  const config = join(tree, 'Windows/System32/config');
  for (const hive of ['system.reg', 'user.reg', 'userdef.reg', '.update-timestamp']) {
    cpSync(join(WINE_TEMPLATE, hive), join(config, hive), { preserveTimestamps: true });
  }
  const setup = [
    '[System\\\\Setup]',
    '"OOBEInProgress"=dword:00000000',
    '"SystemSetupInProgress"=dword:00000000',
  ];
  appendFileSync(join(config, 'system.reg'), `\n${setup.join('\n')}\n`);
}

function copyIfThere(from, to) {
  if (existsSync(from)) cpSync(from, to, { recursive: true, preserveTimestamps: true });
}

/** A component a file, as Windows does it: WinSxS holds the file and its manifest, System32 a second name of the same file. */
function layComponentStore(tree) {
  const system32 = join(tree, 'Windows/System32');
  for (const entry of readdirSync(system32, { withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(system32, entry.name);
    const digest = createHash('sha256').update(readFileSync(file)).digest('hex');
    const component = `amd64_microsoft-windows-${entry.name.replace(/\.[^.]+$/, '').toLowerCase()}_31bf3856ad364e35_10.0.26100.1_none_${digest.slice(0, 16)}`;
    mkdirSync(join(tree, 'Windows/WinSxS', component), { recursive: true });
    linkSync(file, join(tree, 'Windows/WinSxS', component, entry.name));
    lay(
      join(tree, 'Windows/WinSxS/Manifests', `${component}.manifest`),
      componentManifest(entry.name, digest),
    );
    lay(
      join(tree, 'Windows/servicing/Packages', `${component}.mum`),
      crlf(`<?xml version="1.0"?>\n<package identifier="${component}" />\n`),
    );
  }
}

const componentManifest = (name, digest) =>
  crlf(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<assembly xmlns="urn:schemas-microsoft-com:asm.v3" manifestVersion="1.0">
  <assemblyIdentity name="Microsoft-Windows-${name}" version="10.0.26100.1" processorArchitecture="amd64" language="neutral" />
  <file name="${name}" destinationPath="$(runtime.system32)\\"><hash Algorithm="SHA256">${digest}</hash></file>
</assembly>
`);

/** Names and sizes at the edges of what NTFS holds. */
function layNames(tree) {
  const documents = join(tree, 'Users/Public/Documents');
  lay(join(documents, 'はじめに お読みください.txt'), crlf('日本語のファイル名\n'));
  lay(join(documents, 'Εγχειρίδιο χρήσης.txt'), crlf('Ελληνικά\n'));
  lay(join(documents, 'Grüße aus dem Depot 🚀.txt'), crlf('emoji: a surrogate pair in UTF-16\n'));
  lay(join(documents, 'cafe\u0301.txt'), 'e and a combining acute accent: not the same name as the next\n');
  lay(join(documents, 'caf\u00e9.txt'), 'one code point\n');
  lay(join(documents, 'name with  two spaces, (brackets) & 100 %.txt'), '');
  lay(join(documents, `${'x'.repeat(120)}.txt`), 'a long name\n');
  lay(
    join(
      documents,
      ...Array.from(
        { length: 12 },
        (_, depth) => `A folder deep down, number ${String(depth + 1).padStart(2, '0')}`,
      ),
      'beyond 260.txt',
    ),
    'a path longer than MAX_PATH\n',
  );
  lay(join(documents, 'empty.txt'), '');
  mkdirSync(join(documents, 'Empty folder'));
  lay(join(documents, 'read-only.txt'), 'mode 0444 where it was captured\n');
  chmodSync(join(documents, 'read-only.txt'), 0o444);
  lay(join(documents, 'linked.txt'), 'one file, three names\n');
  linkSync(join(documents, 'linked.txt'), join(documents, 'verknüpft.txt'));
  linkSync(join(documents, 'linked.txt'), join(tree, 'Users/Public/also linked.txt'));
}
