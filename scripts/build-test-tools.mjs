// Builds what only tests and rehearsals need beside the executables, into out/test-tools: small Windows programs for Wine, the stand-ins for
// Windows tools and for a computer's firmware, and a wimgapi.dll over the real libwim. Nothing of it ships.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from './build/inputs.mjs';
import { locked } from './setup/lock.mjs';
import { at, TEST_TOOLS } from './setup/place.mjs';
import { run } from './setup/program.mjs';
import { main, timed } from './setup/say.mjs';
import { setup } from './setup.mjs';

const SOURCES = ['test/wine', 'test/stand-ins', 'test/wimgapi'];
const INPUTS = [...SOURCES, 'scripts/build-test-tools.mjs'];

const WINDOWS_COMPILER = 'x86_64-w64-mingw32-gcc';
const WARNINGS = ['-std=c17', '-O2', '-Wall', '-Wextra', '-Werror'];
/** For programs that bring their own entry point and need no C runtime. */
const BARE = ['-nostdlib', '-mno-stack-arg-probe'];

/** Builds them all unless the sources are those of the last build. */
export async function buildTestTools() {
  await locked(`${TEST_TOOLS}.lock`, async () => {
    const digest = digestOf(...INPUTS);
    const stamp = join(TEST_TOOLS, 'inputs');
    if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
    await timed('out/test-tools', async () => {
      const fresh = `${TEST_TOOLS}.new`;
      rmSync(fresh, { recursive: true, force: true });
      mkdirSync(fresh, { recursive: true });
      await Promise.all([winePrograms(fresh), standIns(fresh), wimgapi(fresh)]);
      writeFileSync(join(fresh, 'inputs'), digest);
      rmSync(TEST_TOOLS, { recursive: true, force: true });
      renameSync(fresh, TEST_TOOLS);
    });
  });
}

async function winePrograms(folder) {
  const compile = (name, ...options) =>
    run(WINDOWS_COMPILER, [
      ...WARNINGS,
      ...BARE,
      '-o',
      join(folder, `${name}.exe`),
      at(`test/wine/${name}.c`),
      ...options,
      '-lkernel32',
    ]);
  await compile('winpipe', '-Wl,--entry=wmainCRTStartup', '-mconsole');
  await compile('hold', '-Wl,--entry=mainCRTStartup', '-mconsole');
}

async function standIns(folder) {
  await run(WINDOWS_COMPILER, [
    ...WARNINGS,
    '-municode',
    '-static',
    '-s',
    '-o',
    join(folder, 'record.exe'),
    at('test/stand-ins/record.c'),
  ]);
  await run('gcc', [
    ...WARNINGS,
    '-fPIC',
    '-shared',
    '-fvisibility=hidden',
    '-o',
    join(folder, 'firmware.so'),
    at('test/stand-ins/firmware.c'),
  ]);
}

/**
 * Three files must lie right for Wine (each point found by trial):
 * - Wine's own stub of wimgapi wins over any *builtin* of that name, so wimgapi.dll is a native DLL without code that forwards;
 * - the work is in wimbridge.dll, marked as builtin, which Wine loads only when a file of its name is beside the program too,
 * - and pairs with wimbridge.so, which it looks for in $WINEDLLPATH/x86_64-unix.
 */
async function wimgapi(folder) {
  const beside = join(folder, 'wimgapi');
  const unix = join(folder, 'wine-dlls/x86_64-unix');
  const windows = join(folder, 'wine-dlls/x86_64-windows');
  for (const part of [beside, unix, windows]) mkdirSync(part, { recursive: true });
  const source = name => at('test/wimgapi', name);
  const sources = (...parts) => parts.map(part => source(`bridge-${part}.c`));
  await run('gcc', [
    ...WARNINGS,
    '-fPIC',
    '-shared',
    '-fvisibility=hidden',
    '-o',
    join(unix, 'wimbridge.so'),
    ...sources('unix', 'job', 'apply', 'capture', 'errors'),
    '-lwim',
    '-lpthread',
  ]);
  const bridge = join(beside, 'wimbridge.dll');
  await run(WINDOWS_COMPILER, [
    ...WARNINGS,
    '-shared',
    '-static',
    '-s',
    '-o',
    bridge,
    ...sources('windows', 'handles', 'messages', 'writing'),
    source('wimbridge.def'),
  ]);
  const marked = markAsBuiltin(readFileSync(bridge));
  writeFileSync(bridge, marked);
  writeFileSync(join(windows, 'wimbridge.dll'), marked);
  await run(WINDOWS_COMPILER, [
    '-shared',
    '-nostdlib',
    '-s',
    '-Wl,--entry=0',
    '-o',
    join(beside, 'wimgapi.dll'),
    source('wimgapi.def'),
  ]);
  await run(WINDOWS_COMPILER, [
    ...WARNINGS,
    '-municode',
    '-static',
    '-s',
    '-o',
    join(folder, 'wimtest.exe'),
    source('wimtest.c'),
  ]);
}

/** What `winebuild --builtin` does: a signature after the DOS header. Source: Wine, tools/winebuild/spec32.c, make_builtin_files. */
function markAsBuiltin(bytes) {
  const signature = 'Wine builtin DLL\0';
  const dosHeaderBytes = 0x40;
  if (bytes.readUInt32LE(0x3c) < dosHeaderBytes + 32)
    throw new Error('no room between the DOS and PE headers');
  bytes.fill(0, dosHeaderBytes, dosHeaderBytes + 32).write(signature, dosHeaderBytes, 'latin1');
  return bytes;
}

await main(import.meta.url, async () => {
  await setup();
  await buildTestTools();
});
