// Lays the running agent, its pinned keys and certificates where the new Windows will start them: on the volume that takes it.
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { hashFile } from '../content/digest.ts';
import { type CacheLayout, cacheLayout } from '../content/layout.ts';
import type { Step } from './step.ts';
import type { StepWorld } from './step-world.ts';

/** Name of the staged configuration, beside the staged executable. */
export const STAGED_CONFIG = 'agent.yaml';

export const stageAgent: Step<'stage-agent'> = {
  name: 'stage-agent',
  afterCut: 'start-over',
  async done(_action, world) {
    for (const [from, to] of stagedFiles(world, await stagedLayout(world))) {
      if ((await hashFile(to)) !== (await hashFile(from))) return false;
    }
    const key = await readStagedSecretsKey(await stagedLayout(world));
    return textOf(key) === textOf(world.secretsKey);
  },
  async run(_action, world) {
    const layout = await stagedLayout(world);
    for (const [from, to] of stagedFiles(world, layout)) {
      await world.durable.makeFolder(path.dirname(to));
      const partial = `${to}.partial`;
      await world.durable.remove(partial);
      await world.durable.copyFile(from, partial);
      await world.durable.rename(partial, to);
    }
    await keepSecretsKey(world, layout);
    return {};
  },
};

/**
 * The key that opens the secrets of media with a password: nobody types it in the new Windows. Of no use without the media's manifest, and for no other
 * media; it goes into a folder that is left to SYSTEM and Administrators before anything is armed, and goes first when the deployment ends.
 */
export function secretsKeyFile({ agent }: CacheLayout): string {
  return path.join(agent, 'media.key');
}

/** @returns undefined where there is none. */
export async function readStagedSecretsKey(layout: CacheLayout): Promise<Uint8Array | undefined> {
  const text = await readFile(secretsKeyFile(layout), 'utf8').catch(() => undefined); // Absent is told by whoever needs it.
  if (text === undefined || !/^[A-Za-z0-9+/]{43}=\s*$/.test(text)) return undefined;
  return Buffer.from(text.trim(), 'base64');
}

/** A key of an earlier run, perhaps of other media, does not stay. */
async function keepSecretsKey({ secretsKey, durable }: StepWorld, layout: CacheLayout): Promise<void> {
  const file = secretsKeyFile(layout);
  if (secretsKey === undefined) await durable.remove(file);
  else await durable.replaceFile(file, Buffer.from(`${textOf(secretsKey)}\n`));
}

function textOf(key: Uint8Array | undefined): string {
  return Buffer.from(key ?? []).toString('base64');
}

/** What the new Windows has below `_SMSTaskSequence` of its own volume; the media's own layout in a same-volume apply. */
export async function stagedLayout(
  world: Pick<StepWorld, 'layout' | 'target' | 'volume'>,
): Promise<CacheLayout> {
  const target = await world.target();
  return target.id === world.volume.id ? world.layout : cacheLayout(target.root);
}

/** The path of the staged executable, as the new Windows starts it: under one name, whatever a technician has called the running one. */
export function stagedExecutable(
  { agent, machine }: Pick<StepWorld, 'agent' | 'machine'>,
  { agent: folder }: CacheLayout,
): string {
  const isWindows = machine.kind === 'windows' || agent.executable === undefined;
  return path.join(folder, isWindows ? 'prestage.exe' : path.basename(agent.executable));
}

/** Room that staging will still take on the target, in bytes, for the check that everything fits before anything is cleared. */
export async function bytesToStage(
  world: Pick<StepWorld, 'agent' | 'layout' | 'machine' | 'target' | 'volume'>,
): Promise<number> {
  // Where the target is yet to be made, nothing lies on it.
  const layout = await stagedLayout(world).catch(() => undefined);
  let bytes = 0;
  for (const [from, to] of stagedFiles(world, layout ?? world.layout)) {
    if (layout === undefined || !existsSync(to)) bytes += (await stat(from)).size;
  }
  return bytes;
}

function stagedFiles(
  world: Pick<StepWorld, 'agent' | 'machine'>,
  layout: CacheLayout,
): readonly (readonly [from: string, to: string])[] {
  const { agent } = world;
  const beside = path.dirname(agent.config);
  return [
    ...(agent.executable === undefined ? [] : [[agent.executable, stagedExecutable(world, layout)] as const]),
    ...agent.certificates.map(
      name => [path.resolve(beside, name), path.join(layout.agent, ...name.split(/[\\/]/))] as const,
    ),
    [agent.config, path.join(layout.agent, STAGED_CONFIG)],
  ];
}
