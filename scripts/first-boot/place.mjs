// Where a first boot keeps what it makes: all below out/first-boot.
import { join } from 'node:path';
import { BUILD, OUT } from '../setup/place.mjs';

export const FIRST_BOOT = join(OUT, 'first-boot');
export const KEYS = join(FIRST_BOOT, 'keys');
export const SITE = join(FIRST_BOOT, 'site');
export const DISTRIBUTION_POINT = join(FIRST_BOOT, 'dp');
export const MEDIA = join(FIRST_BOOT, 'media', 'sample.wim');
export const AGENT_CONFIG = join(FIRST_BOOT, 'agent.yaml');

/** The Linux executable: the admin's, the depot's, and the rehearsal's agent. */
export const PRESTAGE = join(BUILD, 'prestage');

/** A run of the agent on one disk, `linux` or `windows`: a disk folder as `media apply` lays it, the report, and what is of Wine. */
export function runPlace(name) {
  const folder = join(FIRST_BOOT, name);
  const volume = join(folder, 'disk/volumes/windows');
  return {
    name,
    folder,
    disk: join(folder, 'disk'),
    volume,
    esp: join(folder, 'disk/volumes/esp'),
    packages: join(volume, '_SMSTaskSequence/Packages'),
    report: join(folder, 'report.json'),
    /** Drive X: of Windows PE, unpacked from the boot.wim on the ESP. */
    winpe: join(folder, 'winpe'),
    prefixes: { winpe: join(folder, 'prefix-winpe'), windows: join(folder, 'prefix-windows') },
    record: join(folder, 'record'),
  };
}
