// The story of `npm run vm`: what is started, what is kept, how it ended.
import { createWriteStream, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { build } from '../build.mjs';
import { atEnd, isStopping, onEnd, stopping } from '../first-boot/stopping.mjs';
import { OUT, ROOT } from '../setup/place.mjs';
import { main, say, timed } from '../setup/say.mjs';
import { chooseAccelerator } from './accelerator.mjs';
import { HOST_NETWORK, onlyPoint } from './guest-network.mjs';
import { HELP, readOptions } from './options.mjs';
import { powerCycle } from './power-cycle.mjs';
import { prepareSite } from './prepare-site.mjs';
import { readReport } from './read-report.mjs';
import { servePoint } from './serve-point.mjs';
import { layDisk } from './site.mjs';
import { buildStandIn } from './stand-in/build.mjs';
import { freshVariables } from './variables.mjs';
import { requireWindow } from './window.mjs';

const FOLDER = join(OUT, 'vm');
/** A picture every so often, until the machine ends. */
const PICTURE_MS = 15_000;

/** As a person in the checkout would type it. */
const short = file => relative(ROOT, file);

stopping();
await main(import.meta.url, async () => {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) return void process.stdout.write(HELP);
  try {
    return await run(options);
  } catch (error) {
    if (isStopping()) return 130;
    throw error;
  } finally {
    await atEnd();
  }
});

async function run(options) {
  const { isStandIn, json = false } = options;
  const place = (...names) => join(FOLDER, ...names);
  if (options.window) await requireWindow();
  rmSync(place('screens'), { recursive: true, force: true });
  mkdirSync(place('screens'), { recursive: true });
  const { disk, point } = isStandIn ? await prepareStandIn(options) : options;
  const network = await networkFor(options, point);
  const probe = await chooseAccelerator(options.accelerator ?? 'auto');
  say(`          accelerator ${probe.accelerator} (${probe.because})`);

  const variables = place('variables.fd');
  freshVariables(variables);
  const log = createWriteStream(place('serial.log'));
  const isCopy = isStandIn && options.disk === undefined;
  const isForgotten = !isCopy && !options.write;
  const pictures = [];
  const { starts, off } = await powerCycle(
    () => ({
      ...(disk === undefined ? {} : { disk }),
      start: options.firmware,
      variables,
      ...(options.iso === undefined ? {} : { iso: options.iso }),
      bus: options.bus,
      card: options.card,
      network: options.card === 'none' ? 'none' : network,
      memoryMb: options.memoryMb,
      serialNumber: options.serialNumber,
      ...(options.clock === undefined ? {} : { clock: options.clock }),
      display: options.window ? 'gtk' : 'none',
      accelerator: probe.accelerator,
      // What is to be forgotten lasts as long as QEMU runs: then it restarts by itself, as it does for a Windows, which says nothing on the serial line.
      snapshot: isForgotten,
      restarts: isForgotten || !isStandIn,
      serialLog: text => {
        log.write(text);
        if (!json) process.stdout.write(text);
      },
    }),
    {
      timeoutMs: options.minutes === undefined ? 2 ** 31 - 1 : options.minutes * 60_000,
      whenLate: 'end',
      watch(machine, start) {
        onEnd(async () => void (machine.isOver || (await machine.kill())));
        if (options.firmware !== 'kernel')
          takePictures(
            machine,
            number => place('screens', `start-${start + 1}-${String(number).padStart(3, '0')}.png`),
            pictures,
          );
      },
    },
  );
  log.end();
  const report = disk !== undefined && !isForgotten ? await readReport(disk, place('volume.img')) : undefined;
  const result = {
    firmware: options.firmware,
    accelerator: probe.accelerator,
    starts: starts.map(({ left, seconds, lines }) => ({
      left,
      seconds: Math.round(seconds * 10) / 10,
      marks: lines
        .filter(({ text }) => text.startsWith('@@ '))
        .map(each => ({ seconds: Math.round(each.seconds * 10) / 10, text: each.text })),
    })),
    off,
    outcome: report?.outcome ?? 'no report',
    serialLog: short(place('serial.log')),
    pictures: pictures.map(short),
  };
  writeFileSync(place('result.json'), `${JSON.stringify(result, undefined, 2)}\n`);
  process.stdout.write(
    json ? `${JSON.stringify(result, undefined, 2)}\n` : `\n${resultLines(result).join('\n')}\n`,
  );
  return !isCopy || report?.outcome === 'completed' ? 0 : 1;
}

/** The stand-in, and unless a disk is given a fresh disk of the sample site. */
async function prepareStandIn(options) {
  await buildStandIn();
  if (options.disk !== undefined) return { disk: options.disk, point: options.point };
  const site = await prepareSite();
  const disk = join(FOLDER, 'disk.img');
  rmSync(disk, { force: true });
  await timed('a disk as the depot lays it', () => layDisk(site, disk));
  return { disk, point: site.point };
}

async function networkFor({ isStandIn }, point) {
  if (point === undefined) return isStandIn ? 'none' : HOST_NETWORK;
  await build('linux');
  const server = await servePoint(point);
  onEnd(() => server.close());
  say(`          distribution point ${short(point)} at http://10.0.2.100`);
  return isStandIn ? onlyPoint(server.port) : onlyPoint(server.port).replace('restrict=on', 'restrict=off');
}

/** Until the machine ends; one that cannot be taken is no fault. */
async function takePictures(machine, fileOf, pictures) {
  for (let number = 1; !machine.isOver; number++) {
    await Promise.race([pause(PICTURE_MS), machine.ended]);
    if (machine.isOver) return;
    const file = fileOf(number);
    const taken = await machine.screenshot(file).then(
      () => true,
      () => false,
    );
    if (taken) pictures.push(file);
  }
}

function resultLines({ firmware, starts, off, outcome, serialLog, pictures }) {
  const noPictures =
    firmware === 'kernel'
      ? 'no pictures (QEMU started the kernel itself)'
      : 'no pictures (it ended too early)';
  return [
    ...starts.map(({ left, seconds }, index) => `Start ${index + 1}: ${seconds} s, ${left}`),
    off ? 'The computer is switched off.' : 'The machine has ended.',
    `Deployment: ${outcome}`,
    `Serial line: ${serialLog}`,
    `Screen: ${pictures.length === 0 ? noPictures : `${pictures.length} pictures, the last is ${pictures.at(-1)}`}`,
  ];
}
