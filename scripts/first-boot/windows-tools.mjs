// The tools of Windows that Wine lacks, as recording stand-ins: what they answer, and what they must have been asked.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { check } from './checks.mjs';

/** By the system in which they stand. */
export const TOOLS = {
  winpe: ['bcdboot', 'bcdedit', 'diskpart', 'dism', 'reagentc', 'wpeutil', 'schtasks', 'mountvol', 'icacls'],
  windows: ['bcdedit', 'schtasks', 'shutdown', 'icacls', 'mountvol'],
};

/** Tools that Wine brings in some form of its own and would prefer to the stand-in. */
const OF_WINE = ['dism', 'schtasks', 'shutdown', 'icacls'];

/** Environment of a session: where calls are recorded, and what bcdedit lists once bcdboot has written an entry. */
export function answersOfTools(record) {
  const entries = [
    'Windows Boot Loader',
    '-------------------',
    'identifier              {11111111-2222-3333-4444-555555555555}',
    'device                  partition=W:',
    'path                    \\Windows\\system32\\winload.efi',
    'description             Windows 11',
    'osdevice                partition=W:',
    'systemroot              \\Windows',
  ];
  return {
    WINEDLLOVERRIDES: `mscoree,mshtml=;${OF_WINE.map(tool => `${tool}.exe`).join(',')}=n`,
    PRESTAGE_RECORD: record,
    PRESTAGE_RECORD_BCDEDIT_AFTER_BCDBOOT: `0;\\n${entries.join('\\n')}\\n`,
  };
}

/** What each system's tools were asked for: boot files written, the new Windows made the default last of all, then the restart. */
export function checkTools(place) {
  const text = callsIn(join(place.record, 'winpe.ndjson'));
  const windows = callsIn(join(place.record, 'windows.ndjson'));
  const at = pattern => text.findLastIndex(call => pattern.test(call));
  const [files, armed, restart] = [at(/^bcdboot /i), at(/^bcdedit .*\/default/i), at(/^wpeutil reboot/i)];
  return [
    check(
      'boot files were written, then the new Windows made the default, then the restart asked for',
      files >= 0 && armed > files && restart > armed,
      text.join('\n'),
    ),
    check(
      'the new Windows took the media’s start-up task away',
      windows.some(call => /^schtasks \/delete/i.test(call)),
      windows.join('\n'),
    ),
    check(
      'both driver packages were added to the image',
      text.filter(call => /^dism .*\/add-driver/i.test(call)).length === 2,
      text.filter(call => call.startsWith('dism')).join('\n'),
    ),
  ];
}

/** One line a call: the tool and its arguments. */
function callsIn(file) {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter(line => line !== '');
  return lines.map(line => JSON.parse(line)).map(({ tool, args }) => `${tool} ${args.join(' ')}`);
}
