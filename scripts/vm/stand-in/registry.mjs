// Wine's registry as the stand-in starts with it: without what costs time at each start, with what Windows PE has. Wine's files are text.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WINE_TEMPLATE } from '../../setup/place.mjs';

/** Every Wine program walks all time zones as it starts, a second each in an emulated machine; the rest is for desktops, sound and devices. */
const DROPPED = [
  /^Software\\\\Microsoft\\\\Windows NT\\\\CurrentVersion\\\\Time Zones\\\\(?!UTC)/i,
  /^Software\\\\(Wow6432Node\\\\)?Classes\\\\/i,
  /^Software\\\\(Wow6432Node|Microsoft\\\\WindowsRuntime)/i,
  /^System\\\\ControlSet001\\\\Services\\\\(winebus|wineusb|winebth|winehid|BITS|wuauserv|TermService|StiSvc|FontCache|FontCache3|Spooler|MSIServer|scardsvr|PlugPlay|Eventlog|Winmgmt|LanmanServer)(\\\\|$)/i,
  /^System\\\\ControlSet001\\\\Enum\\\\ROOT\\\\(WINE|winebus|wineusb|winebth)/i,
];

const key = (name, ...values) => `\n[${name}] 1795351292\n${values.map(line => `${line}\n`).join('')}`;

/** No screen driver: programs have a console only. */
const NO_SCREEN = key('Software\\\\Wine\\\\Drivers', '"Graphics"="null"');

/** What tells a running Windows PE from a full Windows. */
const MINI_NT = key('System\\\\ControlSet001\\\\Control\\\\MiniNT');

/** What Windows Setup leaves behind when it has ended. */
const SETUP_ENDED = key(
  'System\\\\Setup',
  '"OOBEInProgress"=dword:00000000',
  '"SystemSetupInProgress"=dword:00000000',
);

/**
 * @param {'pe' | 'windows'} system
 * @returns {Record<string, string>} file name -> text, in latin1 as Wine writes it
 */
export function registryOf(system) {
  const read = name => readFileSync(join(WINE_TEMPLATE, name), 'latin1');
  const drive = system === 'pe' ? 'X' : 'C';
  const move = text =>
    text
      .replaceAll(/\bc:(?=\\\\)/gi, `${drive}:`)
      .replaceAll(/^"(TEMP|TMP)"=.*$/gm, `"$1"="${drive}:\\\\${'windows'}\\\\temp"`);
  return {
    'system.reg': move(trim(read('system.reg'))) + (system === 'pe' ? MINI_NT : SETUP_ENDED),
    'user.reg': move(trim(read('user.reg'))) + NO_SCREEN,
    'userdef.reg': move(read('userdef.reg')),
  };
}

function trim(text) {
  const [head, ...blocks] = text.split(/^(?=\[)/m);
  const kept = blocks.filter(block => {
    const name = block.slice(1, block.indexOf(']'));
    return !DROPPED.some(pattern => pattern.test(name));
  });
  return [head, ...kept].join('').replace(/^"winemenubuilder"=.*\n/gm, '');
}
