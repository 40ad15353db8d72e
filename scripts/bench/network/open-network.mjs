// A slow line to measure over: a network namespace with the server's end of it, gone when it is closed, and nothing else of the system touched.
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { at } from '../../setup/place.mjs';
import { run } from '../../setup/program.mjs';
import { Advice } from '../../setup/say.mjs';
import { programs } from '../needed.mjs';

const PREFIX = 'prestage-bench-';

/** RFC 2544, appendix C.2.2: addresses for benches, used nowhere else. */
const [OUTSIDE, INSIDE] = ['198.18.0.1', '198.18.0.2'];

/** @returns what `200mbit/20ms` says: the rate each way, and the round trip. Advises whoever cannot have that before anything is made. */
export function parseNetwork(text) {
  const [, mbit, rttMs] = /^(\d+)mbit\/(\d+)ms$/.exec(text) ?? [];
  if (mbit === undefined || Number(mbit) === 0)
    throw new Advice(`--net is a rate and a round trip, as 200mbit/20ms; "${text}" is not.`);
  if (process.getuid() !== 0)
    throw new Advice('--net makes a network namespace, so it needs root: run this as root.');
  return { mbit: Number(mbit), rttMs: Number(rttMs) };
}

/**
 * Opens the line. Its ends have a delay of half the round trip each, by `tc netem` where the kernel has it, else by the relay beside this file.
 * @param folder where the relay is built
 * @returns `where`: for startNginx; `means`: netem or relay; `close()`.
 */
export async function openNetwork({ mbit, rttMs }, folder) {
  await programs('ip', 'tc', 'gcc');
  await removeLeftOvers();
  const line = { name: `${PREFIX}${process.pid}`, outside: `pb${process.pid}a`, inside: `pb${process.pid}b` };
  const undo = [];
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    await run('ip', ['netns', 'add', line.name]);
    undo.push(() => removeNamespace(line.name));
    const shape = { line, mbit, delayUs: rttMs * 500, folder, undo };
    const means = (await byNetem(shape)) ? 'netem' : await byRelay(shape);
    await address([], line.outside, OUTSIDE);
    await address(['-n', line.name], line.inside, INSIDE);
    const inside = ['ip', 'netns', 'exec', line.name];
    // The kernel remembers how a path fared, and would start the next contestant's connections with it.
    const [command, ...words] = [...inside, 'sh', '-c', 'echo 1 > /proc/sys/net/ipv4/tcp_no_metrics_save'];
    await run(command, words);
    return { where: { address: INSIDE, inside }, means, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** @returns false where the kernel has no netem: then nothing is left of the attempt. */
async function byNetem({ line, mbit, delayUs, undo }) {
  const { name, outside, inside } = line;
  await run('ip', ['link', 'add', outside, 'type', 'veth', 'peer', 'name', inside, 'netns', name]);
  const remove = () => run('ip', ['link', 'del', outside]).catch(() => {}); // goes with its other end, too
  const netem = ['root', 'netem', 'delay', `${delayUs}us`, 'rate', `${mbit}mbit`];
  try {
    await run('tc', ['qdisc', 'add', 'dev', outside, ...netem]);
    await run('tc', ['-n', name, 'qdisc', 'add', 'dev', inside, ...netem]);
    undo.push(remove);
    return true;
  } catch (error) {
    await remove();
    // iproute2 passes on the kernel's words for a qdisc that it was built without, or whose module is not there.
    if (/Specified qdisc kind is unknown|qdisc not found|No such file/.test(error.message)) return false;
    throw error;
  }
}

async function byRelay({ line, mbit, delayUs, folder, undo }) {
  const program = join(folder, 'relay');
  rmSync(program, { force: true });
  await run('gcc', ['-O2', '-Wall', '-o', program, at('scripts', 'bench', 'network', 'relay.c')]);
  const words = [line.outside, line.inside, String(delayUs), String(mbit * 1_000_000)];
  const relay = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  let complaints = '';
  relay.stderr.on('data', piece => {
    complaints += piece;
  });
  const ended = new Promise(done => relay.once('close', done));
  undo.push(async () => {
    relay.kill('SIGTERM');
    await ended;
  });
  const ready = new Promise(done => relay.stdout.once('data', done));
  await Promise.race([ready, ended.then(() => Promise.reject(new Error(`the relay ended: ${complaints}`)))]);
  await run('ip', ['link', 'set', line.inside, 'netns', line.name]);
  return 'relay';
}

async function address(namespace, device, own) {
  await run('ip', [...namespace, 'address', 'add', `${own}/30`, 'dev', device]);
  await run('ip', [...namespace, 'link', 'set', device, 'up']);
}

/** What connecting to a server takes, in milliseconds: one round trip. The proof that the line is as slow as it should be. */
export async function roundTripTo(url) {
  const { hostname, port } = new URL(url);
  const began = performance.now();
  await new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname).once('error', reject);
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
  });
  return performance.now() - began;
}

/** What a bench left that was killed: namespaces whose process is gone. */
async function removeLeftOvers() {
  for (const [name, pid] of (await run('ip', ['netns', 'list'])).matchAll(/^prestage-bench-(\d+)/gm))
    if (!isAlive(Number(pid))) await removeNamespace(name);
}

async function removeNamespace(name) {
  const pids = (await run('ip', ['netns', 'pids', name]).catch(() => ''))
    .split('\n')
    .filter(pid => pid !== '');
  for (const pid of pids) if (isAlive(Number(pid))) process.kill(Number(pid), 'SIGKILL');
  await run('ip', ['netns', 'del', name]);
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
