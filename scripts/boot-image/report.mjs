// The report of a boot image for a person: what was made of what, what it takes, what is still to do.

import { bootLines } from '../../agent/commands/media/bill-lines.ts';

const MEGABYTE = 1_000_000;

/** @returns lines, without a line end after the last */
export function reportText(report) {
  const { image, agent, replaced, sizes, memory, preflight, scratchSpace, drivers } = report;
  const rows = [
    ['boot image', report.to],
    ['made from', `${report.from}, image ${image.index} of ${image.of} "${image.name}" (${image.why})`],
    [
      'agent',
      `${versioned(agent)}, ${agent.machine}${replaced ? `; replaces ${versioned(replaced)}` : ''}; trusts ${report.keyIds.join(' ')}`,
    ],
    ['starts by', report.start],
    ...drivers.map(({ folder, infs }) => ['drivers', `${folder}: ${infs} .inf`]),
    ['scratch', scratchWords(scratchSpace)],
    [
      'pre-flight',
      `all ${preflight.dlls.length} DLLs are there; ${preflight.apiSets.map(setWords).join(', ') || 'no API sets'}; ${preflight.machine}`,
    ],
    [
      'boot.wim',
      `${mega(sizes.before)} before, ${mega(sizes.after)} now: ${signed(sizes.growth)}, the agent ${mega(sizes.agent)} of it (${report.compression})`,
    ],
    [
      'memory',
      `${memory.megabytes} MB: boot.wim ${memory.bootWim} in one piece + scratch ${memory.scratch} + ${memory.base} that Microsoft asks for Windows PE`,
    ],
    [
      'read back',
      `${Object.keys(report.files).length} files at their places, image ${image.index} to start, integrity table holds, no dead space`,
    ],
    ['authority', authorityText(report.boot)],
    ...(report.iso
      ? [
          [
            'ISO',
            `${mega(report.iso.bytes)}, starts on ${report.iso.starts.join(' and ')}${entryText(report.iso.uefi)}`,
          ],
        ]
      : []),
    ...(report.disk ? [['disk', `${mega(report.disk.bytes)}, GPT with one EFI system partition`]] : []),
    ['took', `${report.seconds} s`],
    ...report.notes.map(note => ['note', note]),
  ];
  return rows.map(([name, words]) => `${name.padEnd(12)}${words}`).join('\n');
}

const versioned = ({ version, bytes }) => `prestage.exe ${version ?? 'without a version'} (${mega(bytes)})`;

function scratchWords({ megabytes, was }) {
  if (megabytes === undefined) return 'as the image has it';
  if (was === megabytes) return `${megabytes} MB, as it was`;
  return `${megabytes} MB (before: ${was === undefined ? 'not set' : `${was} MB`})`;
}

/** The boot managers line by line as `media create` tells them, after the answer in one word. */
function authorityText(boot) {
  if (boot.managers.length === 0) return 'none: media/ has no boot manager';
  const lines = bootLines({ managers: boot.managers });
  return [boot.authority, ...lines.map(line => `${' '.repeat(12)}${line}`)].join('\n');
}

const entryText = uefi =>
  uefi === undefined ? '' : `; UEFI entry of ${uefi.authority} (by its ${uefi.toldBy}): ${uefi.from}`;

const setWords = ({ name, hosts, resolved }) =>
  resolved ? `${name} is ${hosts.join(', ')}` : `${name} was not looked at`;

const mega = bytes => `${(bytes / MEGABYTE).toFixed(1)} MB`;

const signed = bytes => `${bytes < 0 ? '' : '+'}${mega(bytes)}`;
