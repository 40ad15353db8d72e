// The driver packages of the sample site: folders with an INF and the binaries it names, as vendors pack them. The files are Wine's own drivers.
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { WINE_TEMPLATE } from '../setup/place.mjs';

const WINDOWS = join(WINE_TEMPLATE, 'drive_c/windows');

/** Folder name -> the INF and the SYS files that belong together. */
export const INPUT_DRIVERS = {
  bus: ['winebus.inf', 'winebus.sys', 'hidclass.sys', 'hidparse.sys'],
  hid: ['winehid.inf', 'winehid.sys'],
  mouse: ['mouhid.inf', 'mouhid.sys'],
};
export const CONNECTION_DRIVERS = {
  usb: ['wineusb.inf', 'wineusb.sys', 'usbd.sys'],
  bluetooth: ['winebth.inf', 'winebth.sys'],
  network: ['ndis.sys', 'netio.sys', 'tdi.sys'],
};

/** Lays one folder a driver below `folder`. */
export function layDrivers(folder, drivers) {
  for (const [name, files] of Object.entries(drivers)) {
    mkdirSync(join(folder, name), { recursive: true });
    for (const file of files) {
      cpSync(
        join(WINDOWS, file.endsWith('.inf') ? 'inf' : 'system32/drivers', file),
        join(folder, name, file),
        { preserveTimestamps: true },
      );
    }
  }
}
