// The command line of `npm run vm`.
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Advice } from '../setup/say.mjs';

export const HELP = `Usage: npm run vm -- [options]

Starts a computer in QEMU from prestaged media, keeps a log of its serial line and
pictures of its screen in out/vm, and says what became of the disk.

Without --disk and --iso a sample is made and deployed by the stand-in for Windows PE
(Linux and Wine in its place; the launcher and prestage.exe are the real ones).

  --disk FILE           start from this raw disk image; it is not changed
  --write               let the machine change that disk image
  --iso FILE            start from this CD
  --stand-in            the stand-in also with --disk, whose boot programs then start
                        nothing: QEMU starts the stand-in's kernel
  --firmware KIND       uefi (default) or bios; the stand-in knows kernel, too: QEMU
                        starts it without firmware, faster and without a screen
  --bus KIND            of the disk: ahci (default; Windows PE has its driver), nvme,
                        virtio
  --card KIND           of the network: e1000e (default), virtio, none
  --memory MB           default 2048
  --serial-number TEXT  what the firmware says the computer's is (default VM-0001)
  --clock TIME          of its hardware clock, such as 2026-01-31T12:00:00
  --point FOLDER        serve this distribution point at http://10.0.2.100
  --accelerator KIND    kvm, tcg or auto (default): kvm where a start by it succeeds
  --window              show the screen in a window (default: none)
  --minutes N           end it after so long (default: 20; with --window: no end)
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
  for (const name of ['disk', 'iso', 'point'])
    if (values[name] !== undefined && !existsSync(values[name]))
      throw new Advice(`--${name}: there is no ${values[name]}; nothing was started.`);
  if (values.clock !== undefined && Number.isNaN(Date.parse(`${values.clock}Z`)))
    throw new Advice('--clock is a time such as 2026-01-31T12:00:00; nothing was started.');
  const isStandIn = values['stand-in'] === true || (values.disk === undefined && values.iso === undefined);
  const firmware = values.firmware ?? (isStandIn && values.disk !== undefined ? 'kernel' : 'uefi');
  if (isStandIn && firmware === 'bios')
    throw new Advice(
      'The stand-in has no boot program for BIOS: use --firmware uefi or kernel. Nothing was started.',
    );
  if (!isStandIn && firmware === 'kernel')
    throw new Advice('--firmware kernel starts the stand-in: add --stand-in. Nothing was started.');
  const memoryMb = number('memory', values.memory ?? '2048', 512);
  const minutes =
    values.minutes === undefined && values.window ? undefined : number('minutes', values.minutes ?? '20', 1);
  return {
    ...values,
    isStandIn,
    firmware,
    bus: values.bus ?? (isStandIn ? 'virtio' : 'ahci'),
    card: values.card ?? (isStandIn ? 'virtio' : 'e1000e'),
    memoryMb,
    minutes,
    serialNumber: values['serial-number'] ?? 'VM-0001',
  };
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

function number(name, text, least) {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least)
    throw new Advice(`--${name} is a whole number, ${least} or more; nothing was started.`);
  return value;
}
