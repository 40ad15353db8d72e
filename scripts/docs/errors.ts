// Writes docs/errors.md, the error reference, from the fault catalogue: `node scripts/docs/errors.ts`. A test fails when it is stale.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { catalogue, exitCodeOf, type FaultCode, isFaultCode } from '../../agent/fault/catalogue.ts';

/** In the order of the exit codes; what a technician does about a whole family. */
const FAMILIES: readonly (readonly [name: string, about: string])[] = [
  ['USAGE', 'Correct the argument or document shown. Nothing was changed.'],
  ['STOP', 'Somebody asked the run to end. Run the same command again.'],
  ['TRUST', 'Stop, set the device aside, ask for new media.'],
  ['CONTENT', 'Connect the network or replace the item named.'],
  ['NET', 'Check cable and distribution point; the work done is kept.'],
  ['DISK', 'Free space, or replace the disk named.'],
  ['IMAGE', 'Repeat once; then send the log with the native number.'],
  ['MACHINE', 'Look at this computer: power, disk, clock, rights.'],
  ['PKG', 'Read the installer log named.'],
  ['STATE', 'Look at the store of user state; keep the old computer until it is restored.'],
  ['JOURNAL', 'Run `prestage report`, then `prestage deploy --fresh`.'],
  ['BUG', 'Send the log. It is not the technician’s fault.'],
];

/** The whole page. */
export function errorsPage(): string {
  const codes = Object.keys(catalogue).filter(isFaultCode).sort();
  return [
    '# Faults',
    '',
    'Generated from `agent/fault/catalogue/` by `npm run docs`. `prestage explain CODE` prints the same offline.',
    'Codes are never renumbered or reused. Exit code 0 is done; 3 is done so far, and continues after the restart.',
    '',
    '| family | exit code | what to do |',
    '|---|---|---|',
    ...FAMILIES.map(([name, about]) => `| ${name} | ${exitCodeOf(`${name}-01` as FaultCode)} | ${about} |`),
    '',
    ...FAMILIES.flatMap(([name]) => [
      `## ${name}`,
      '',
      ...codes.filter(code => code.startsWith(`${name}-`)).flatMap(section),
    ]),
  ].join('\n');
}

function section(code: FaultCode): readonly string[] {
  const { title, meaning, safe, next } = catalogue[code];
  return [`### ${code}: ${title}`, '', meaning, '', `- Safe: ${safe}`, `- Next: ${next}`, ''];
}

if (import.meta.main) {
  writeFileSync(path.resolve(import.meta.dirname, '../../docs/errors.md'), errorsPage());
}
