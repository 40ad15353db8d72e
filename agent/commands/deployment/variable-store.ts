// The variables of a run: the levels that policy and media give, what was set before (from the journal), and what steps set now.
import { resolveVariables, type VariableLayer, type Variables } from '../../policy/variables.ts';
import type { VariableStore } from '../../steps/step-world.ts';
import type { DeploymentBasis } from './deployment-basis.ts';
import type { RunContext } from './run-context.ts';

/** @returns the levels below `step`, the lowest first: media, site, task sequence, collections, machine, prestart. */
export function variableLayers({ manifest }: RunContext, basis: DeploymentBasis): readonly VariableLayer[] {
  const { policy, sequence, record } = basis;
  return [
    { level: 'media', values: manifest.variables, secret: manifest.secret },
    { level: 'site', values: policy.variables },
    { level: 'task sequence', values: sequence.variables },
    { level: 'machine', values: record?.variables ?? {}, secret: record?.secret ?? [] },
    { level: 'prestart', values: basis.prestart ?? {} },
  ];
}

export function openVariableStore(context: RunContext, basis: DeploymentBasis): VariableStore {
  const levels = variableLayers(context, basis);
  const set: VariableLayer[] = context.records.flatMap(record =>
    record.type === 'variables-set' && record.by !== 'prestart'
      ? [{ level: 'step', values: record.values }]
      : [],
  );
  return {
    now: (): Variables => resolveVariables([...levels, ...set]),
    async set(by, values) {
      await context.journal?.append({ type: 'variables-set', by, values });
      set.push({ level: 'step', values });
    },
  };
}
