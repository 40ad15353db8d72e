// Which of several available deployments: a person is asked where the media allows it and somebody is there.
import { showMenu } from '../../console/menu.ts';
import { Fault } from '../../fault/fault.ts';
import { recall } from '../../journal/past.ts';
import type { MediaManifest } from '../../media/media-manifest.ts';
import type { Deployment, Policy } from '../../policy/policy.ts';
import { resolveVariables } from '../../policy/variables.ts';
import type { RunContext } from './run-context.ts';

/** Seconds that the menu waits before it takes the first deployment; 0 waits for ever. */
export const MENU_TIMEOUT_VARIABLE = 'PrestageMenuTimeoutSeconds';
const DEFAULT_TIMEOUT_SECONDS = 300;

/**
 * @returns ID of the deployment to prefer; undefined when there is nothing to ask: one is required, only one is offered, or media are unattended.
 * @throws Fault USAGE-15 when there is nobody to ask; STOP-01 when the person leaves.
 */
export async function askDeployment(
  context: RunContext,
  policy: Policy,
  offered: readonly Deployment[],
  { json }: { readonly json: boolean },
): Promise<string | undefined> {
  const { composition, manifest, observe, records } = context;
  if (offered.length < 2 || offered.some(({ purpose }) => purpose === 'required')) return undefined;
  if (manifest.unattended) {
    observe({
      kind: 'note',
      level: 'info',
      component: 'policy',
      text: `${offered.length} deployments are available; unattended media take the first one, ${offered[0]?.id}.`,
    });
    return undefined;
  }
  // What was chosen before a cut or a restart is not asked again.
  const before = recall(records).plan?.deployment;
  if (offered.some(({ id }) => id === before)) return before;
  const nameOf = (id: string): string => policy.taskSequences.find(each => each.id === id)?.name ?? id;
  // Standard output belongs to the result then.
  const terminal = json ? undefined : composition.terminal;
  if (terminal === undefined)
    throw new Fault('USAGE-15', manifest.name, {
      offered: offered.map(({ id, taskSequence }) => `${id} ${nameOf(taskSequence)}`),
    });
  composition.endProgress();
  return await showMenu(
    terminal,
    {
      title: `Media ${manifest.name}: several task sequences are available for this computer.`,
      entries: offered.map(({ id, taskSequence }) => ({ id, text: nameOf(taskSequence) })),
      timeoutSeconds: timeoutSeconds(manifest, policy),
    },
    composition.signal,
  );
}

function timeoutSeconds(media: MediaManifest, policy: Policy): number {
  const levels = [
    { level: 'media', values: media.variables },
    { level: 'site', values: policy.variables },
  ];
  const text = resolveVariables(levels).get(MENU_TIMEOUT_VARIABLE);
  return text !== undefined && /^\d{1,5}$/.test(text) ? Number(text) : DEFAULT_TIMEOUT_SECONDS;
}
