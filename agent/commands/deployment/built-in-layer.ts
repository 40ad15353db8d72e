// The built-in variables at this moment: from the run, the machine and the journal. The highest level, which nothing overrides.
import path from 'node:path';
import type { JournalRecord } from '../../journal/record.ts';
import { type BuiltInSources, builtInValues } from '../../policy/built-in-variables.ts';
import type { VariableLayer } from '../../policy/variables.ts';
import type { DeploymentBasis } from './deployment-basis.ts';
import type { RunContext } from './run-context.ts';

type Known = Pick<RunContext, 'journal' | 'layout' | 'manifest' | 'records' | 'volume'>;

/** @param basis only the facts before policy is accepted. @param target root of the volume for the new Windows, as far as it is known. */
export function builtInLayer(
  context: Known,
  basis: Pick<DeploymentBasis, 'facts'> & Partial<DeploymentBasis>,
  target: string | undefined,
): VariableLayer {
  const { layout, manifest, records, volume } = context;
  const { facts, deployment, sequence, record } = basis;
  const sources: BuiltInSources = {
    facts,
    inWinPE: isInWinPE(context, facts.system),
    site: manifest.site,
    layout,
    stateStore: path.join(volume.root, '_SMSTSStateStore'),
    ...(target === undefined ? {} : { targetDrive: target.replace(/[\\/]+$/, '') }),
    ...(deployment === undefined ? {} : { deployment: deployment.id }),
    ...(sequence === undefined ? {} : { taskSequence: { id: sequence.id, name: sequence.name } }),
    ...(record?.name === undefined ? {} : { machineName: record.name }),
    ...actions(records),
  };
  return { level: 'built-in', values: builtInValues(sources) };
}

/** A rehearsal is in WinPE as long as it deploys. */
function isInWinPE({ journal, records }: Known, system: 'winpe' | 'full-os' | 'rehearsal'): boolean {
  if (system !== 'rehearsal') return system === 'winpe';
  const run = records.findLast(record => record.type === 'run-started');
  return journal === undefined || run?.type !== 'run-started' || run.command === 'deploy';
}

function actions(records: readonly JournalRecord[]): Pick<BuiltInSources, 'currentAction' | 'lastAction'> {
  const started = records.findLast(record => record.type === 'action-started');
  const finished = records.findLast(
    record =>
      record.type === 'action-finished' &&
      record.result.skipped === undefined &&
      record.result.alreadyDone !== true,
  );
  return {
    ...(started?.type === 'action-started' ? { currentAction: started.action } : {}),
    ...(finished?.type === 'action-finished'
      ? {
          lastAction: {
            name: finished.action,
            exitCode: exitCodeOf(
              finished.result.exitCode ?? finished.result.failed?.detail.exitCode,
              finished,
            ),
            succeeded: finished.result.failed === undefined,
          },
        }
      : {}),
  };
}

function exitCodeOf(
  code: unknown,
  { result }: Extract<JournalRecord, { readonly type: 'action-finished' }>,
): number {
  if (typeof code === 'number') return code;
  return result.failed === undefined ? 0 : 1;
}
