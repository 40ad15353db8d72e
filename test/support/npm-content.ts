// Real content from npm: thousands of files of packages that this project installs, the Windows programs among them, laid as second names.
import { copyFileSync, linkSync, mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { at, windowsPart } from '../../scripts/setup/place.mjs';

/** Lays the installed npm packages below `folder`. @returns how many files. */
export function layNpmPackages(folder: string): number {
  return (
    layPlainFiles(at('node_modules'), path.join(folder, 'modules'), BUILT_FOR_LINUX) +
    layPlainFiles(windowsPart(), path.join(folder, 'windows'), NPM_OWN)
  );
}

/** npm's own folders begin with a dot. */
const NPM_OWN = /^\./;

/** What is built for Linux is no content of a Windows computer; node's modules and headers are the same everywhere. */
const BUILT_FOR_LINUX = /^\.|^bin$|(?<!^node-)linux-x64$|\.node$/;

function layPlainFiles(from: string, to: string, leftOut: RegExp): number {
  let count = 0;
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (leftOut.test(entry.name)) continue;
    const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)];
    if (entry.isDirectory()) count += layPlainFiles(source, target, leftOut);
    else if (entry.isFile()) {
      layFile(source, target);
      count++;
    }
  }
  return count;
}

/** Its folder only then: empty folders are no content. */
function layFile(source: string, target: string): void {
  mkdirSync(path.dirname(target), { recursive: true });
  try {
    linkSync(source, target);
  } catch {
    copyFileSync(source, target); // On another file system.
  }
}
