// The command line of `npm run vm`.
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Advice } from '../setup/say.mjs';
import { requireCd, requireDisk } from './given-media.mjs';

export const HELP = `Usage: npm run vm -- [options]

Starts a computer in QEMU from prestaged media, keeps a log of its serial line
and pictures of its screen in out/vm, and says what became of the disk.

Without --disk and --iso a sample is made and deployed by the stand-in for
Windows PE (Linux and Wine in its place; launcher and prestage.exe are real).

  --disk FILE           start from this raw disk image; it is not changed
  --write               let the machine change that disk image
  --iso FILE            start from this CD
  --stand-in            the stand-in also with --disk, whose boot programs then
                        start nothing: QEMU starts the stand-in's kernel
  --firmware KIND       uefi (default) or bios; the stand-in knows kernel, too:
                        QEMU starts it, faster, without firmware and screen
  --bus KIND            of the disk: ahci (default; Windows PE has its driver),
                        nvme, virtio (default of the stand-in)
  --card KIND           of the network: e1000e (default; Windows PE has its
                        driver), virtio (the stand-in has no other), none
  --memory MB           default 2048
  --serial-number TEXT  what the firmware says the computer's is (VM-0001)
  --clock TIME          of its hardware clock, such as 2026-01-31T12:00:00
  --point FOLDER        serve this distribution point at http://10.0.2.100; the
                        sample has its own
  --accelerator KIND    kvm, tcg or auto (default): kvm where a start succeeds
  --window              show the screen in a window (default: none)
  --minutes N           end each start after so long (20; with --window: never)
  --json                print the result as JSON
  -h, --help

Examples:
  npm run vm
  npm run vm -- --firmware kernel
  npm run vm -- --disk disk.img --point dp --window
  npm run vm -- --iso out/boot-image/prestage-winpe.iso --firmware bios --window
`;

const CHOICES = {
  firmware: ['uefi', 'bios', 'kernel'],
  bus: ['ahci', 'nvme', 'virtio'],
  card: ['e1000e', 'virtio', 'none'],
  accelerator: ['auto', 'kvm', 'tcg'],
};

/** @returns the options, or undefined when help was asked for. Throws advice. */
export function readOptions(words) {
  const { values } = parse(words);
  if (values.help) return undefined;
  for (const [name, choices] of Object.entries(CHOICES))
    if (values[name] !== undefined && !choices.includes(values[name]))
      throw new Advice(`--${name} is ${choices.join(', ')}; nothing was started.`);
  if (values.clock !== undefined && !isTime(values.clock))
    throw new Advice('--clock is a time such as 2026-01-31T12:00:00; nothing was started.');
  const isStandIn = values['stand-in'] === true || (values.disk === undefined && values.iso === undefined);
  const firmware = values.firmware ?? (isStandIn && values.disk !== undefined ? 'kernel' : 'uefi');
  if (isStandIn && firmware === 'bios')
    throw new Advice(
      'The stand-in has no boot program for BIOS: use --firmware uefi or kernel. Nothing was started.',
    );
  if (!isStandIn && firmware === 'kernel')
    throw new Advice('--firmware kernel starts the stand-in: add --stand-in. Nothing was started.');
  const card = values.card ?? (isStandIn ? 'virtio' : 'e1000e');
  if (isStandIn && card === 'e1000e')
    throw new Advice('The stand-in has no driver for e1000e: use --card virtio. Nothing was started.');
  const memoryMb = number('memory', values.memory ?? '2048', { least: 512 });
  const minutes =
    values.minutes === undefined && values.window
      ? undefined
      : number('minutes', values.minutes ?? '20', { least: 1, most: MINUTES_MAX });
  return {
    ...values,
    ...requireMedia(values),
    isStandIn,
    firmware,
    bus: values.bus ?? (isStandIn ? 'virtio' : 'ahci'),
    card,
    memoryMb,
    minutes,
    serialNumber: values['serial-number'] ?? 'VM-0001',
  };
}

/** @returns the places of what is given, so that no name is taken for a protocol of QEMU's (`a:b.img`) */
function requireMedia({ disk, iso, point, write, 'stand-in': standIn }) {
  if (standIn && iso !== undefined)
    throw new Advice(
      '--iso starts what is on the CD, --stand-in the stand-in: use one. Nothing was started.',
    );
  if (write && disk === undefined)
    throw new Advice('--write goes with --disk, which it lets the machine change. Nothing was started.');
  if (point !== undefined && disk === undefined && iso === undefined)
    throw new Advice('--point goes with --disk or --iso: the sample has its own. Nothing was started.');
  if (point !== undefined && !statSync(point, { throwIfNoEntry: false })?.isDirectory())
    throw new Advice(`--point: there is no folder ${point}. Nothing was started.`);
  if (disk !== undefined) requireDisk(disk, write);
  if (iso !== undefined) requireCd(iso);
  const given = Object.entries({ disk, iso, point }).filter(([, name]) => name !== undefined);
  return Object.fromEntries(given.map(([option, name]) => [option, resolve(name)]));
}

function parse(words) {
  try {
    return parseArgs({
      args: words,
      options: {
        ...Object.fromEntries(
          ['write', 'stand-in', 'window', 'json'].map(name => [name, { type: 'boolean' }]),
        ),
        ...Object.fromEntries(
          [
            'disk',
            'iso',
            'firmware',
            'bus',
            'card',
            'memory',
            'serial-number',
            'clock',
            'point',
            'accelerator',
            'minutes',
          ].map(name => [name, { type: 'string' }]),
        ),
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new Advice(`${error.message}\nNothing was started. See: npm run vm -- --help`);
  }
}

/** As QEMU's -rtc takes it. */
const isTime = text => /^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d)?$/.test(text) && !Number.isNaN(Date.parse(text));

/** A timer of Node's holds 2^31 milliseconds, and one that is set for longer ends at once. */
const MINUTES_MAX = 35_000;

function number(name, text, { least, most = Number.MAX_SAFE_INTEGER }) {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || value > most)
    throw new Advice(
      `--${name} is a whole number, ${least} or more${most < Number.MAX_SAFE_INTEGER ? `, ${most} at most` : ''}; nothing was started.`,
    );
  return value;
}
