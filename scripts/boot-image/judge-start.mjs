// The pre-flight in sentences: is the image a Windows PE, of the agent's machine, with all that the agent needs to start?
import { Advice } from '../setup/say.mjs';
import { importsOfAgent, judgeImage } from './judge-programs.mjs';

/** @returns what was found, with notes of what could not be looked at. Throws advice when the agent would not start. */
export async function judgeStart({ agent, listing, read, chosen, from }) {
  const image = `image ${chosen.image.index} ("${chosen.image.name}") of ${from}`;
  if (!listing.has('/windows/system32/winpeshl.exe') || !listing.has('/windows/system32/wpeinit.exe'))
    throw new Advice(
      `${image} is not Windows PE: it has no wpeinit.exe and winpeshl.exe in \\Windows\\System32. Nothing was made. Give a boot.wim or winpe.wim, not an install.wim; --index says which image.`,
    );
  const { imports, unknown } = importsOfAgent(agent);
  const found = await judgeImage(imports, listing, read);
  for (const [dll, machine] of Object.entries(found.machines))
    if (machine !== agent.machine)
      throw new Advice(
        `${image} is made for ${machine ?? 'no machine that can be told'} (${dll}), the agent for ${agent.machine}: it would not start there. Nothing was made. Give a Windows PE for ${agent.machine}, or an agent for that machine with --agent.`,
      );
  if (found.missing.length > 0)
    throw new Advice(
      `${image} lacks what the agent needs to start: ${found.missing.join(', ')}. Nothing was made. Take the Windows PE of a newer ADK or Windows ISO, or one that was not slimmed; or put these DLLs of a Windows of the same build into its \\Windows\\System32 first.`,
    );
  const notes = [
    ...(unknown ? [`What ${unknown} needs was not looked at: it is not on this computer.`] : []),
    ...(found.readsApiSets
      ? []
      : [
          `API sets (${found.apiSets.map(({ name }) => name).join(' ')}) were not looked at: the image has no apisetschema.dll of version 6.`,
        ]),
  ];
  return { machine: agent.machine, dlls: found.dlls, apiSets: found.apiSets, notes };
}
