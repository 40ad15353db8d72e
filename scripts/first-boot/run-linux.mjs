// The rehearsal: the Linux executable on the disk folder, through hand-over and continuation.
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startNginx } from '../../test/support/nginx.ts';
import {
  check,
  checkAppliedTree,
  checkCleanedUp,
  checkOutcomes,
  checkRepairedImage,
  checkServed,
} from './checks.mjs';
import { layDisk } from './disk.mjs';
import { AGENT_CONFIG, DISTRIBUTION_POINT, runPlace } from './place.mjs';
import { prestage } from './prestage.mjs';
import { onEnd } from './stopping.mjs';

export async function runLinux({ port }) {
  const place = runPlace('linux');
  await layDisk(place);
  const server = await startNginx(DISTRIBUTION_POINT, port);
  onEnd(() => server.close());
  const agent = ['--disk', place.disk, '--config', AGENT_CONFIG];
  await prestage(['deploy', ...agent], { expected: [3] });
  const checks = [await checkAppliedTree(place.volume), await checkRepairedImage(place.packages)];
  await prestage(['continue', ...agent]);
  const requests = await server.requests();
  await server.close();

  const kept = join(place.volume, 'Windows/Logs/Prestage/report.json');
  if (!existsSync(kept)) return [...checks, check('a report is left', false, kept)];
  copyFileSync(kept, place.report);
  const report = JSON.parse(readFileSync(place.report, 'utf8'));
  return [
    ...checks,
    checkOutcomes(report),
    ...checkServed(requests, report),
    check('the report says completed', report.outcome === 'completed', report.outcome),
    checkRehearsed(place),
    checkCleanedUp(place),
  ];
}

/** On the rehearsal machine installers are recorded, not run: every one of them, in order. */
function checkRehearsed({ disk }) {
  const file = join(disk, 'commands.ndjson');
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const installers = ['install.cmd', 'install.cmd', 'install.cmd', 'msiexec.exe', 'install.cmd'];
  const found = text
    .split('\n')
    .filter(line => /install\.cmd|msiexec/.test(line))
    .map(line => /install\.cmd|msiexec\.exe/.exec(line)[0]);
  return check(
    'continue ran every installer in order (recorded)',
    found.join() === installers.join(),
    found.join(', '),
  );
}
