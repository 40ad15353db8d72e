// The story of a first boot, from the site folder to the installed machine, on Linux as a rehearsal and as Windows under Wine.
// Exit code 0 only if every check holds.

import { build } from '../build.mjs';
import { buildTestTools } from '../build-test-tools.mjs';
import { main } from '../setup/say.mjs';
import { makeMedia } from './make-media.mjs';
import { runLinux } from './run-linux.mjs';
import { runWindows } from './run-windows.mjs';
import { line } from './screen.mjs';
import { atEnd, isStopping, stopping } from './stopping.mjs';

const RUNS = { linux: runLinux, windows: runWindows };

stopping();
await main(import.meta.url, async () => {
  const words = process.argv.slice(2);
  const wanted = words.length === 0 ? Object.keys(RUNS) : words;
  await build('all');
  await buildTestTools();
  const started = performance.now();
  try {
    const { port } = await makeMedia();
    const verdicts = [];
    for (const name of wanted) verdicts.push({ name, checks: await RUNS[name]({ port }) });
    const good = verdicts.map(show).every(Boolean);
    line(
      `\n${good ? 'First boot: all checks hold.' : 'First boot: FAILED.'} ${((performance.now() - started) / 1000).toFixed(1)} s.`,
    );
    return good ? 0 : 1;
  } catch (error) {
    if (isStopping()) return 130;
    throw error;
  } finally {
    await atEnd();
  }
});

function show({ name, checks }) {
  line(`\nChecked from outside, ${name}: out/first-boot/${name}/report.json`);
  for (const { what, ok, found } of checks) {
    line(
      `  ${ok ? 'ok    ' : 'FAILED'}  ${what}${ok && found !== '' && !found.includes('\n') ? ` (${found})` : ''}`,
    );
    if (!ok && found !== '') line(`          ${found.replaceAll('\n', '\n          ')}`);
  }
  return checks.every(({ ok }) => ok);
}
