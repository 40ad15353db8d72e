// The variables of a run: the levels that policy and media give, what was set before (from the journal), and what steps set now.
import { recall, type SetVariables } from '../../journal/past.ts';
import { leavesThePlan } from '../../journal/undone.ts';
import type { Plan } from '../../plan/plan.ts';
import { actionKey } from '../../plan/plan.ts';
import { settable } from '../../policy/built-in-variables.ts';
import { collectionsOf } from '../../policy/collections.ts';
import { resolveVariables, type VariableLayer, type Variables } from '../../policy/variables.ts';
import { ALWAYS_SECRET } from '../../steps/secret-variables.ts';
import type { VariableStore } from '../../steps/step-world.ts';
import { builtInLayer } from './built-in-layer.ts';
import type { DeploymentBasis } from './deployment-basis.ts';
import type { RunContext } from './run-context.ts';

/**
 * @returns the levels below `step`, the lowest first: media, site, task sequence, collections (in policy's order), machine, prestart. Names that
 * only the run itself may set are left out.
 */
export function variableLayers(
  { manifest }: Pick<RunContext, 'manifest'>,
  basis: DeploymentBasis,
): readonly VariableLayer[] {
  const { policy, sequence, record, facts } = basis;
  const collections = collectionsOf(policy, facts, record).map(name => ({
    level: `collection ${name}`,
    values: policy.collections.find(each => each.name === name)?.variables ?? {},
  }));
  const levels: readonly VariableLayer[] = [
    { level: 'media', values: manifest.variables, secret: [...manifest.secret, ...ALWAYS_SECRET] },
    { level: 'site', values: policy.variables },
    { level: 'task sequence', values: sequence.variables },
    ...collections,
    { level: 'machine', values: record?.variables ?? {}, secret: record?.secret ?? [] },
    { level: 'prestart', values: basis.prestart ?? {} },
  ];
  return levels.map(level => ({ ...level, values: settable(level.values).values }));
}

/** What a store goes by, of a run. */
export type VariableContext = Pick<
  RunContext,
  'journal' | 'layout' | 'manifest' | 'observe' | 'records' | 'volume'
> & { readonly composition: Pick<RunContext['composition'], 'learnSecret'> };

/**
 * Values of secret variables, and values made of them, are learned by the redactor and kept in memory only. After a restart those that a set-variable
 * step set are made again from what its author wrote; those that a command told are lost, which is noted.
 * @param target where the new Windows goes, as far as it is known.
 */
export function openVariableStore(
  context: VariableContext,
  basis: DeploymentBasis,
  plan: Plan,
  target: () => string | undefined,
): VariableStore {
  const { composition, journal, records } = context;
  const levels = variableLayers(context, basis);
  const secretNames = new Set(levels.flatMap(({ secret = [] }) => secret.map(name => name.toLowerCase())));
  const hidden = new Map<string, Readonly<Record<string, string>>>();

  /** Without those of steps that this plan does not have, also before it is journaled. */
  const setBefore = (): readonly SetVariables[] =>
    recall(records).variables.filter(({ by }) => !leavesThePlan(by, plan));
  const stepLayers = (): readonly VariableLayer[] =>
    setBefore().map(({ by, values, secret }) => ({
      level: 'step',
      values: { ...values, ...hidden.get(by) },
      secret,
    }));
  const now = (): Variables =>
    resolveVariables([...levels, ...stepLayers(), builtInLayer(context, basis, target())]);
  const secretValues = (): readonly string[] =>
    now()
      .all.filter(each => each.secret)
      .map(each => each.value);

  remake();
  composition.learnSecret(secretValues());
  return {
    now,
    async set(by, all) {
      const { values } = settable(all);
      const isNamed = ([name]: readonly [string, string]): boolean => secretNames.has(name.toLowerCase());
      const named = Object.entries(values)
        .filter(isNamed)
        .map(([, value]) => value);
      const known = [...secretValues(), ...named].filter(value => value !== '');
      const isSecret = (entry: readonly [string, string]): boolean =>
        isNamed(entry) || known.some(each => entry[1].includes(each));
      const secret = Object.fromEntries(Object.entries(values).filter(isSecret));
      composition.learnSecret(Object.values(secret));
      const shown = Object.fromEntries(Object.entries(values).filter(entry => !isSecret(entry)));
      await journal?.append({
        type: 'variables-set',
        by,
        values: shown,
        ...(Object.keys(secret).length === 0 ? {} : { secret: Object.keys(secret) }),
      });
      // As in the journal: what the same step set before counts no more.
      hidden.set(by, secret);
    },
  };

  function remake(): void {
    const before: VariableLayer[] = [];
    for (const { by, values, secret } of setBefore()) {
      const action = plan.actions.find(each => actionKey(each) === by);
      if (secret.length > 0 && action?.name === 'set-variable') {
        const known = resolveVariables([...levels, ...before, builtInLayer(context, basis, target())]);
        hidden.set(by, { [action.variable]: known.expand(action.value) });
      } else if (secret.length > 0) {
        context.observe({
          kind: 'note',
          level: 'warning',
          component: 'command',
          text: `${by} told variables that are secret; they were not kept over the restart: ${secret.join(', ')}.`,
        });
      }
      before.push({ level: 'step', values: { ...values, ...hidden.get(by) }, secret });
    }
  }
}
