// What the administrator gives: agent.yaml, the agent, driver folders. Looked at before anything is made; each mistake is a sentence.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Fault } from '../../agent/fault/fault.ts';
import { fileVersion } from '../../agent/machine/file-version.ts';
import { decodeAgentConfig, filesNamedIn } from '../../agent/trust/agent-config.ts';
import { machineOf } from '../build/portable-executable.mjs';
import { Advice } from '../setup/say.mjs';
import { filesBelow } from './digest.mjs';

/** The key in winpe/agent.yaml: 32 bytes of zero, to which nobody has the private one. */
const EXAMPLE_KEY = `ed25519:${Buffer.alloc(32).toString('base64')}`;

/** @returns {{ keyIds: readonly string[], beside: readonly string[] }} the keys that media will have to be signed by, and the files that agent.yaml names */
export function lookAtConfig(file) {
  if (!existsSync(file))
    throw new Advice(
      `${file} is not there; nothing was made. Copy winpe/agent.yaml, put your site's public key in (prestage keys new prints it), and give that with --config.`,
    );
  const config = decoded(file);
  if ([...config.keys, ...config.policyKeys, ...config.rootKeys].some(({ text }) => text === EXAMPLE_KEY))
    throw new Advice(
      `${file} still has the example key (ed25519:AAAA...), with which no media can be signed; nothing was made. Put your site's public key in its place: prestage keys new prints it, and keys/media.pub of a site holds it.`,
    );
  const beside = filesNamedIn(config);
  const missing = beside.find(name => !existsSync(join(dirname(file), name)));
  if (missing !== undefined)
    throw new Advice(
      `${file} names the file ${missing}, which does not lie beside it; nothing was made. Put it there, or take it out of agent.yaml.`,
    );
  return { keyIds: config.keys.map(({ id }) => id), beside };
}

function decoded(file) {
  try {
    return decodeAgentConfig(readFileSync(file), basename(file));
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    const issues = [thrown.detail.issues ?? thrown.message].flat();
    throw new Advice(
      `${file} is not an agent.yaml that the agent could read; nothing was made. Correct this and run it again (winpe/agent.yaml shows how it is written):\n  ${issues.join('\n  ')}`,
    );
  }
}

/** @returns {Promise<{ file: string, bytes: number, machine: string, version?: string, content: Buffer }>} */
export async function lookAtAgent(file) {
  if (!existsSync(file))
    throw new Advice(
      `${file} is not there; nothing was made. Make it with npm run build, or name another prestage.exe with --agent.`,
    );
  const content = readFileSync(file);
  const machine = machineOf(content);
  if (machine === undefined)
    throw new Advice(
      `${file} is not a Windows program; nothing was made. --agent takes prestage.exe (npm run build makes out/build/prestage.exe).`,
    );
  return { file, content, bytes: content.length, machine, version: await fileVersion(file) };
}

/** Names that the launcher's own files have beside the agent. */
const TAKEN = ['prestage.exe', 'agent.yaml', 'launch.cmd', 'unattend.xml', 'selftest.txt', 'drivers'];

/** Throws advice when a file that shall lie beside the agent is not there, or would lie in the place of another. */
export function lookAtAgentFiles(files) {
  for (const file of files) {
    if (!existsSync(file) || !statSync(file).isFile())
      throw new Advice(
        `${file} is not a file; nothing was made. --agent-files takes files that shall lie beside the agent.`,
      );
    if (TAKEN.includes(basename(file).toLowerCase()))
      throw new Advice(
        `${basename(file)} is a name of Prestage's own beside the agent, so --agent-files cannot bring it; nothing was made. Rename the file, or give it by its own option.`,
      );
  }
}

/** @returns {readonly { folder: string, infs: number, bytes: number }[]} */
export function lookAtDrivers(folders) {
  const names = folders.map(folder => basename(folder).toLowerCase());
  const twice = folders.find((_, number) => names.indexOf(names[number]) !== number);
  if (twice !== undefined)
    throw new Advice(
      `Two folders of --drivers have the name ${basename(twice)}, under which each is copied; nothing was made. Rename one.`,
    );
  return folders.map(folder => {
    if (!existsSync(folder) || !statSync(folder).isDirectory())
      throw new Advice(
        `${folder} is not a folder; nothing was made. --drivers takes a folder of unpacked drivers.`,
      );
    const files = filesBelow(folder);
    const infs = files.filter(file => /\.inf$/i.test(file)).length;
    if (infs === 0)
      throw new Advice(
        `${folder} holds no .inf file, so no driver that could be loaded; nothing was made. Unpack what the vendor gives (7z opens most of their .exe and .cab files) and name the folder of the .inf files.`,
      );
    return { folder, infs, bytes: files.reduce((sum, file) => sum + statSync(join(folder, file)).size, 0) };
  });
}
