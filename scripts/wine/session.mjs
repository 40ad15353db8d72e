// Runs Windows programs under Wine in a prefix of their own: output captured, drives mapped, killed as hard as a power cut when wanted.
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { TEST_TOOLS, WINE_LOADER, WINE_SERVER } from '../setup/place.mjs';
import { makePrefix, mapDrive } from './prefix.mjs';
import { killIn } from './processes.mjs';

const WINPIPE = join(TEST_TOOLS, 'winpipe.exe');
const HOLD = join(TEST_TOOLS, 'hold.exe');

/** Types and promises: session.d.mts. */
export function openWine({ prefix: folder, drives = {}, env = {} }) {
  const prefix = resolve(folder);
  if (!existsSync(prefix)) makePrefix(prefix, drives);
  const environment = {
    ...process.env,
    HOME: process.env.HOME ?? '/tmp',
    WINEPREFIX: prefix,
    WINELOADER: WINE_LOADER,
    WINESERVER: WINE_SERVER,
    WINEDEBUG: '-all',
    WINEDLLOVERRIDES: 'mscoree,mshtml=', // else a program that looks for .NET brings up an offer to install Mono
    WINEDLLPATH: join(TEST_TOOLS, 'wine-dlls'), // wimbridge.so, behind wimgapi.dll
    XDG_RUNTIME_DIR: '/tmp', // asked for, not used
    ...env,
  };
  let held;

  /** The first program of a prefix starts Wine's services, which would keep the pipes of a captured program open. */
  function hold() {
    if (held === undefined || held.child.exitCode !== null || held.child.signalCode !== null)
      held = startHold(environment);
    return held.ready;
  }

  async function start(program, args = [], { env: more = {}, cwd, input, openInput } = {}) {
    await hold();
    const child = spawn(WINE_LOADER, [WINPIPE, program, ...args], {
      cwd,
      env: { ...environment, ...more },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    child.stdin.on('error', () => {}); // a program need not read what it is given
    if (!openInput) child.stdin.end(input ?? '');
    return { child, ended: collect(child) };
  }

  async function run(program, args, { timeoutMs = 120_000, ...options } = {}) {
    const { child, ended } = await start(program, args, options);
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      killIn(prefix);
    }, timeoutMs);
    const result = await ended;
    clearTimeout(timer);
    if (timedOut)
      throw new Error(`${program} ran longer than ${timeoutMs} ms\n${result.stdout}\n${result.stderr}`);
    child.unref();
    return result;
  }

  async function killAll() {
    await killIn(prefix);
    held = undefined;
  }

  async function killPrograms() {
    await killIn(prefix, ({ command }) => !isServer(command));
    // hold.exe among them, and its end may not have been told yet: the next program must not be the first of the prefix.
    held = undefined;
  }

  return {
    prefix,
    drive: letter => join(prefix, 'dosdevices', `${letter.toLowerCase()}:`),
    mapDrive: (letter, target) => mapDrive(prefix, letter, target),
    start,
    run,
    killAll,
    killPrograms,
    /** The Windows program alone, like TerminateProcess: Wine's server and the launcher live on. */
    killProgram: name => killIn(prefix, ({ command }) => isProgram(command, name)),
    async shutDown() {
      await new Promise(done =>
        spawn(WINE_SERVER, ['-k'], { env: environment, stdio: 'ignore' }).on('close', done),
      );
      await killAll(); // whatever did not hear
    },
    async close() {
      await killAll();
      removeServerFolder(prefix);
      rmSync(prefix, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** `ready` resolves when hold.exe runs: Wine's server and services are then up. */
function startHold(env) {
  const child = spawn(WINE_LOADER, [HOLD], { env, stdio: ['pipe', 'pipe', 'ignore'], detached: true });
  child.stdin.unref();
  const ready = new Promise((done, failed) => {
    child.on('error', failed);
    child.on('exit', code => failed(new Error(`Wine does not start: hold.exe ended with ${code}`)));
    child.stdout.once('data', done);
  }).finally(() => {
    child.stdout.destroy();
    child.unref();
  });
  return { child, ready };
}

/** Debian's wineserver keeps its socket in /tmp, in a folder whose name it leaves in the prefix. */
function removeServerFolder(prefix) {
  const file = join(prefix, 'wineserver');
  if (!existsSync(file)) return;
  const name = readFileSync(file, 'utf8').trim();
  if (/^wine-\w+$/.test(name)) rmSync(join('/tmp', name), { recursive: true, force: true });
}

/** wine64 /path/to/program.exe, or the Windows path when another Windows program started it. */
function isProgram(command, name) {
  if (command.some(word => word.endsWith('winpipe.exe'))) return false;
  return command.slice(0, 2).some(word => word.toLowerCase().split(/[\\/]/).at(-1) === name.toLowerCase());
}

function isServer(command) {
  return command.some(word => /(^|\/)wineserver(64)?$/.test(word));
}

function collect(child) {
  const streams = { stdout: [], stderr: [] };
  for (const [name, pieces] of Object.entries(streams)) child[name].on('data', piece => pieces.push(piece));
  return new Promise((done, failed) => {
    child.on('error', failed);
    child.on('close', (code, signal) => {
      const text = pieces => Buffer.concat(pieces).toString().replaceAll('\r\n', '\n');
      done({ code, signal: signal ?? undefined, stdout: text(streams.stdout), stderr: text(streams.stderr) });
    });
  });
}

/** Lays wimgapi.dll (the bridge to libwim) beside a program, where Windows' loader looks first. */
export function layWimgapi(folder) {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(join(TEST_TOOLS, 'wimgapi')))
    copyFileSync(join(TEST_TOOLS, 'wimgapi', name), join(folder, name));
}

/** Copies the stand-in into `folder` under each tool's name (`diskpart`, `bcdboot` ...). */
export function layStandIns(folder, tools) {
  mkdirSync(folder, { recursive: true });
  for (const tool of tools) {
    const file = join(folder, `${tool}.exe`);
    rmSync(file, { force: true }); // it may be a hard link to the template's own
    copyFileSync(join(TEST_TOOLS, 'record.exe'), file);
  }
}
