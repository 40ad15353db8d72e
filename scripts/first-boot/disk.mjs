// The disk as the depot lays it, and what happens to it before its first boot.
import { closeSync, existsSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { ID } from '../sample/content.mjs';
import { AGENT_CONFIG, MEDIA } from './place.mjs';
import { prestage } from './prestage.mjs';
import { heading, line } from './screen.mjs';

/** Lays the media onto an empty disk folder, then damages it. */
export async function layDisk(place) {
  rmSync(place.folder, { recursive: true, force: true });
  await prestage(['media', 'apply', MEDIA, '--to', place.disk, '--config', AGENT_CONFIG, '--yes']);
  await prestage(['media', 'verify', place.disk, '--config', AGENT_CONFIG]);
  heading('what happened to the disk on its way (done by this script)');
  const drivers = join(place.packages, ID.connectionDrivers);
  if (!existsSync(drivers)) throw new Error(`${drivers} is not on the disk`);
  rmSync(drivers, { recursive: true });
  line(`deleted       Packages/${ID.connectionDrivers} (driver package)`);
  flip(join(place.packages, ID.node, 'node.exe'), 40_000_000, 16);
  line(`damaged       Packages/${ID.node}/node.exe: 16 bytes at 40000000 (package)`);
  flip(join(place.packages, ID.osImage, 'install.wim'), 20_000_000, 4);
  line(`damaged       Packages/${ID.osImage}/install.wim: 4 bytes at 20000000 (OS image)`);
  line(`moved on      ${ID.esbuild} (application): the site has a newer version`);
  line(`left alone    everything else`);
}

/** Inverts every bit of some bytes. */
function flip(file, offset, count) {
  const handle = openSync(file, 'r+');
  try {
    const bytes = Buffer.alloc(count);
    if (readSync(handle, bytes, 0, count, offset) !== count)
      throw new Error(`${file} is shorter than ${offset + count}`);
    writeSync(
      handle,
      bytes.map(byte => byte ^ 0xff),
      0,
      count,
      offset,
    );
  } finally {
    closeSync(handle);
  }
}
