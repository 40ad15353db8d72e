// QEMU's command line for a machine, as data. Pure but for what the files say of themselves.

import { KERNEL_PARAMETERS } from './stand-in/images.mjs';
import { STAND_IN_FILES } from './stand-in/place.mjs';

/** A processor as QEMU's emulation carries it best: without supervisor-mode access prevention, whose emulation in QEMU 7.2 kills Wine. */
const PROCESSOR = 'max,-la57,-smap,-smep,-pku';

/**
 * @typedef {object} MachineParts
 * @property {string} [disk] raw image, or nbd+unix:///?socket=PATH
 * @property {'uefi' | 'bios' | 'kernel'} start by the disk's own boot program, or QEMU starts the stand-in's kernel itself, which is faster and has no screen
 * @property {string} [variables] OVMF's variables, a copy of its own for each machine; needed for `uefi`
 * @property {string} [iso] a CD to start from
 * @property {'virtio' | 'ahci' | 'nvme'} [bus] of the disk; virtio unless given. Windows PE has no driver for virtio: give it ahci
 * @property {'virtio' | 'e1000e'} [card] the network card
 * @property {string} [network] words of -netdev behind the id; `none` for no card
 * @property {number} [memoryMb]
 * @property {string} [serialNumber] what the firmware says the computer's is
 * @property {string} [clock] the time of the hardware clock, `2026-01-31T12:00:00`
 * @property {'none' | 'gtk' | 'sdl' | string} [display]
 * @property {'tcg' | 'kvm'} [accelerator]
 * @property {string} [parameters] of the kernel, for `kernel`
 * @property {boolean} [snapshot] what is written is forgotten at the end
 * @property {boolean} [restarts] whether a restart starts the machine again; otherwise it ends
 * @property {string} [monitor] socket of QMP
 */

/** @param {MachineParts} parts @returns {string[]} program and words */
export function machineWords(parts) {
  const { iso, memoryMb = 1024, display = 'none', accelerator = 'tcg', restarts = false, monitor } = parts;
  return [
    'qemu-system-x86_64',
    '-nodefaults',
    ...['-machine', 'q35,hpet=off', '-smp', accelerator === 'kvm' ? '2' : '1', '-m', String(memoryMb)],
    // One thread: two emulated processors are slower than one.
    ...(accelerator === 'kvm'
      ? ['-accel', 'kvm', '-cpu', 'host']
      : ['-accel', 'tcg,thread=single', '-cpu', PROCESSOR]),
    ...(restarts ? [] : ['-no-reboot']),
    ...(parts.snapshot ? ['-snapshot'] : []),
    ...['-vga', 'std', '-display', display, '-serial', 'stdio'],
    ...(monitor === undefined ? [] : ['-qmp', `unix:${value(monitor)},server=on,wait=off`]),
    ...(parts.serialNumber === undefined
      ? []
      : ['-smbios', `type=1,manufacturer=QEMU,product=Prestage,serial=${value(parts.serialNumber)}`]),
    ...(parts.clock === undefined ? [] : ['-rtc', `base=${parts.clock},clock=vm`]),
    ...startWords(parts),
    ...diskWords(parts),
    ...(iso === undefined
      ? []
      : [
          '-drive',
          `if=none,id=cd,file=${value(iso)},format=raw,media=cdrom,readonly=on`,
          '-device',
          'ide-cd,drive=cd,bus=ide.1,bootindex=0',
        ]),
    ...networkWords(parts),
  ];
}

function startWords({ start, variables, parameters = '' }) {
  if (start === 'bios') return [];
  if (start === 'uefi')
    return [
      '-drive',
      `if=pflash,format=raw,unit=0,readonly=on,file=${OVMF}/OVMF_CODE_4M.fd`,
      '-drive',
      `if=pflash,format=raw,unit=1,file=${value(variables)}`,
    ];
  const { vmlinux, initrd, root } = STAND_IN_FILES;
  return [
    ...[
      '-kernel',
      vmlinux,
      '-initrd',
      initrd,
      '-append',
      `${KERNEL_PARAMETERS} pe.console=ttyS0 ${parameters}`,
    ],
    ...[
      '-drive',
      `if=none,id=root,format=raw,readonly=on,file=${value(root)}`,
      '-device',
      'virtio-blk-pci,drive=root,serial=peroot',
    ],
  ];
}

/** In a value of QEMU's options a comma is written twice (qemu(1), -drive). */
const value = text => String(text).replaceAll(',', ',,');

/** Of the Debian package ovmf. */
export const OVMF = '/usr/share/OVMF';

function diskWords({ bus = 'virtio', disk }) {
  if (disk === undefined) return [];
  const devices = {
    virtio: 'virtio-blk-pci,drive=disk,serial=PRESTAGE1',
    ahci: 'ide-hd,drive=disk,bus=ide.0,serial=PRESTAGE1',
    nvme: 'nvme,drive=disk,serial=PRESTAGE1',
  };
  // writeback, with flushes passed on: what the machine has not flushed may be lost, as with a real disk. Never `unsafe`.
  return [
    '-drive',
    `if=none,id=disk,format=raw,cache=writeback,file=${value(disk)}`,
    '-device',
    `${devices[bus]},bootindex=1`,
  ];
}

function networkWords({ network = 'user', card = 'virtio' }) {
  if (network === 'none') return [];
  const device = card === 'virtio' ? 'virtio-net-pci,romfile=' : 'e1000e,romfile=';
  return [
    '-netdev',
    `${network.split(',')[0]},id=net${network.includes(',') ? `,${network.slice(network.indexOf(',') + 1)}` : ''}`,
    '-device',
    `${device},netdev=net`,
  ];
}
