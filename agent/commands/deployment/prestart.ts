// The media's prestart command: run in WinPE once the media is proven, before policy is asked for, once in a deployment. It may set variables.
import type { ContentReference } from '../../content/manifest.ts';
import { openSeedMap } from '../../distribution/seed-map.ts';
import { Fault } from '../../fault/fault.ts';
import { recall } from '../../journal/past.ts';
import type { PlannedItem } from '../../plan/plan.ts';
import { settable } from '../../policy/built-in-variables.ts';
import { resolveVariables } from '../../policy/variables.ts';
import { type ProgramOutcome, runTellingProgram } from '../../steps/run-telling-program.ts';
import { ALWAYS_SECRET } from '../../steps/secret-variables.ts';
import { verifiedItem } from '../../steps/verified-item.ts';
import { builtInLayer } from './built-in-layer.ts';
import { cachedReferences } from './cached-references.ts';
import type { RunContext } from './run-context.ts';
import { vouchedItems } from './vouched-content.ts';

/** Its name in journal, report and environment. */
export const PRESTART = 'prestart';

/**
 * @returns the variables that it set, in this run or an earlier one of the same deployment. A command that was cut is run again, and so is one that
 * told secret values, which the journal does not keep. A run that only looks does not run it.
 * Faults: PKG-05 when it fails, PKG-02, PKG-03, MACHINE-03, CONTENT-01, CONTENT-02, STOP-01; nothing was changed then.
 */
export async function prestartVariables(context: RunContext): Promise<Readonly<Record<string, string>>> {
  const { composition, journal, manifest, records } = context;
  const { prestart, variables, secret } = manifest;
  const isSecretName = secretNames([...secret, ...ALWAYS_SECRET]);
  const known = Object.entries(variables).flatMap(([name, value]) => (isSecretName(name) ? [value] : []));
  composition.learnSecret(known);
  if (prestart === undefined) return {};
  const before = recall(records).prestart;
  if (before !== undefined && before.secret.length === 0) return before.values;
  if (journal === undefined) {
    context.observe({
      kind: 'note',
      level: 'info',
      component: PRESTART,
      text: 'The prestart command of this media was not run; what it would set is not known here.',
    });
    return before?.values ?? {};
  }
  const { variables: told } = await context.stage('command', () => run(prestart, context), PRESTART);
  const entries = Object.entries(told);
  const secretValues = [
    ...known,
    ...entries.flatMap(([name, value]) => (isSecretName(name) ? [value] : [])),
  ].filter(value => value !== '');
  // As with steps: what is made of a secret is one, whatever it is called.
  const isSecret = ([name, value]: readonly [string, string]): boolean =>
    isSecretName(name) || secretValues.some(each => value.includes(each));
  const hidden = entries.filter(isSecret);
  composition.learnSecret(hidden.map(([, value]) => value));
  await journal.append({
    type: 'variables-set',
    by: PRESTART,
    values: Object.fromEntries(entries.filter(entry => !isSecret(entry))),
    secret: hidden.map(([name]) => name),
  });
  return told;
}

/** SMSTSPreferredAdvertID: the deployment that a prestart command, else the media, wants. */
export function preferredDeployment(
  { manifest }: Pick<RunContext, 'manifest'>,
  prestart: Readonly<Record<string, string>>,
): string | undefined {
  const variables = resolveVariables([
    { level: 'media', values: manifest.variables },
    { level: PRESTART, values: prestart },
  ]);
  const wanted = variables.get('SMSTSPreferredAdvertID')?.trim();
  return wanted === '' ? undefined : wanted;
}

async function run(
  prestart: NonNullable<RunContext['manifest']['prestart']>,
  context: RunContext,
): Promise<ProgramOutcome> {
  const { composition, layout, machine, manifest, observe, volume } = context;
  const { content, command, timeoutMinutes } = prestart;
  const facts = await machine.facts();
  const variables = resolveVariables([
    { level: 'media', values: settable(manifest.variables).values, secret: manifest.secret },
    builtInLayer(context, { facts }, undefined),
  ]);
  const { durable, clock, redact, signal } = composition;
  return await runTellingProgram(
    {
      name: PRESTART,
      authored: command,
      command: variables.expand(command),
      folder: content === undefined ? volume.root : await provenFolder(content, context),
      timeoutMinutes,
    },
    { layout, durable, machine, clock, redact, observe, signal },
  );
}

/** There is no plan yet: the item is proven as the media laid it, or as this deployment has completed it since. */
async function provenFolder(id: string, context: RunContext): Promise<string> {
  const { composition, manifest, records, settings, manifests } = context;
  const reference = cachedReferences(manifest.content, records).get(id);
  if (reference === undefined)
    throw new Fault('CONTENT-01', id, { found: 'the media does not name this content' });
  const { folder } = await verifiedItem(
    {
      layout: context.layout,
      durable: composition.durable,
      pool: context.pool,
      sources: context.sources,
      clock: composition.clock,
      random: composition.random,
      observe: context.observe,
      settings: settings.transfer,
      seeds: openSeedMap(context.layout, () => vouchedItems(context)),
      signal: composition.signal,
      plan: { items: [asItem(reference)] },
      manifest: wanted => manifests.manifest(wanted),
    },
    id,
  );
  return folder;
}

function asItem(reference: ContentReference): PlannedItem {
  return {
    reference,
    outcome: 'present',
    presentBytes: reference.totalBytes,
    reusableBytes: 0,
    fetchBytes: 0,
  };
}

function secretNames(secret: readonly string[]): (name: string) => boolean {
  const names = new Set(secret.map(name => name.toLowerCase()));
  return name => names.has(name.toLowerCase());
}
