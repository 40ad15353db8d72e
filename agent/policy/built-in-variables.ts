// The variables that a run itself sets, read-only, under Configuration Manager's names wherever the meaning is the same. Pure.
import type { CacheLayout } from '../content/layout.ts';
import type { MachineFacts } from '../facts/machine-facts.ts';

export interface BuiltInVariable {
  readonly name: string;
  readonly meaning: string;
  /** Differs within a deployment: from step to step, or between WinPE and the new Windows. What it will be cannot be said beforehand. */
  readonly changes?: true;
}

/** Every variable that always has a value; `''` where this machine or this moment has none. In alphabetical order. */
export const BUILT_IN_VARIABLES = [
  { name: '_SMSTSAdvertID', meaning: 'ID of the deployment' },
  { name: '_SMSTSAssetTag', meaning: 'asset tag, as the firmware tells it' },
  { name: '_SMSTSBootUEFI', meaning: '`true` when the firmware is UEFI, else `false`' },
  {
    name: '_SMSTSClientCache',
    meaning: 'folder of the task-sequence cache (`_SMSTaskSequence\\Packages`)',
    changes: true,
  },
  {
    name: '_SMSTSCurrentActionName',
    meaning: 'name of the action that runs, as in journal and report',
    changes: true,
  },
  { name: '_SMSTSDefaultGateways', meaning: 'default gateways, separated by commas', changes: true },
  { name: '_SMSTSInWinPE', meaning: '`true` in WinPE, `false` in the new Windows', changes: true },
  { name: '_SMSTSIPAddresses', meaning: 'IP addresses, separated by commas', changes: true },
  { name: '_SMSTSLastActionName', meaning: 'the last action that was carried out', changes: true },
  {
    name: '_SMSTSLastActionRetCode',
    meaning: 'its exit code; `0` for one without, when it succeeded',
    changes: true,
  },
  {
    name: '_SMSTSLastActionSucceeded',
    meaning:
      '`false` when it failed and the sequence went on, else `true`; a skipped action leaves it as it was',
    changes: true,
  },
  { name: '_SMSTSLaunchMode', meaning: '`HD`: prestaged media on a hard disk' },
  { name: '_SMSTSLogPath', meaning: 'folder of the logs', changes: true },
  { name: '_SMSTSMacAddresses', meaning: 'MAC addresses, separated by commas', changes: true },
  {
    name: '_SMSTSMachineName',
    meaning: 'the name that policy has for this machine; empty for an unknown one',
  },
  { name: '_SMSTSMake', meaning: 'manufacturer' },
  { name: '_SMSTSMDataPath', meaning: 'folder `_SMSTaskSequence` of the media volume', changes: true },
  { name: '_SMSTSMediaType', meaning: '`OEMMedia`: prestaged media' },
  { name: '_SMSTSModel', meaning: 'model' },
  { name: '_SMSTSPackageID', meaning: 'ID of the task sequence' },
  { name: '_SMSTSPackageName', meaning: 'name of the task sequence' },
  { name: '_SMSTSSerialNumber', meaning: 'serial number' },
  { name: '_SMSTSSiteCode', meaning: 'site code' },
  { name: '_SMSTSType', meaning: '`2`: a task sequence that deploys an operating system' },
  {
    name: '_SMSTSUserStatePath',
    meaning: 'folder of a local state store, which clearing the volume spares',
    changes: true,
  },
  { name: '_SMSTSUUID', meaning: 'SMBIOS UUID' },
  {
    name: 'OSDTargetSystemDrive',
    meaning: 'volume of the new Windows, without a backslash behind it; empty while there is none',
    changes: true,
  },
] as const satisfies readonly BuiltInVariable[];

export type BuiltInName = (typeof BUILT_IN_VARIABLES)[number]['name'];

/** Where the values come from. What is not known yet (before policy, before the first action) is left out. */
export interface BuiltInSources {
  readonly facts: MachineFacts;
  readonly inWinPE: boolean;
  readonly site: string;
  readonly layout: Pick<CacheLayout, 'root' | 'packages' | 'logs'>;
  readonly stateStore: string;
  readonly targetDrive?: string;
  readonly deployment?: string;
  readonly taskSequence?: { readonly id: string; readonly name: string };
  readonly machineName?: string;
  readonly currentAction?: string;
  readonly lastAction?: { readonly name: string; readonly exitCode: number; readonly succeeded: boolean };
}

/** @returns the value of every built-in variable. */
export function builtInValues(sources: BuiltInSources): Readonly<Record<BuiltInName, string>> {
  const { facts, layout, lastAction } = sources;
  return {
    _SMSTSAdvertID: sources.deployment ?? '',
    _SMSTSAssetTag: facts.assetTag ?? '',
    _SMSTSBootUEFI: String(facts.firmware === 'uefi'),
    _SMSTSClientCache: layout.packages,
    _SMSTSCurrentActionName: sources.currentAction ?? '',
    _SMSTSDefaultGateways: (facts.gateways ?? []).join(','),
    _SMSTSInWinPE: String(sources.inWinPE),
    _SMSTSIPAddresses: facts.ipAddresses.join(','),
    _SMSTSLastActionName: lastAction?.name ?? '',
    _SMSTSLastActionRetCode: String(lastAction?.exitCode ?? 0),
    _SMSTSLastActionSucceeded: String(lastAction?.succeeded ?? true),
    _SMSTSLaunchMode: 'HD',
    _SMSTSLogPath: layout.logs,
    _SMSTSMacAddresses: facts.macAddresses.join(','),
    _SMSTSMachineName: sources.machineName ?? '',
    _SMSTSMake: facts.manufacturer ?? '',
    _SMSTSMDataPath: layout.root,
    _SMSTSMediaType: 'OEMMedia',
    _SMSTSModel: facts.model ?? '',
    _SMSTSPackageID: sources.taskSequence?.id ?? '',
    _SMSTSPackageName: sources.taskSequence?.name ?? '',
    _SMSTSSerialNumber: facts.serial ?? '',
    _SMSTSSiteCode: sources.site,
    _SMSTSType: '2',
    _SMSTSUserStatePath: sources.stateStore,
    _SMSTSUUID: facts.uuid ?? '',
    OSDTargetSystemDrive: sources.targetDrive ?? '',
  };
}

/**
 * Whether a variable can be set by nobody but the run: as in Configuration Manager every name that begins with an underscore, and the other
 * built-in ones. Refused at publish; at run time a warning, and nothing is set.
 */
export function isReadOnly(name: string): boolean {
  return (
    name.startsWith('_') || BUILT_IN_VARIABLES.some(each => each.name.toLowerCase() === name.toLowerCase())
  );
}

/** Parts values into those that may be set and the names that may not. */
export function settable(values: Readonly<Record<string, string>>): {
  readonly values: Readonly<Record<string, string>>;
  readonly refused: readonly string[];
} {
  const entries = Object.entries(values);
  return {
    values: Object.fromEntries(entries.filter(([name]) => !isReadOnly(name))),
    refused: entries.map(([name]) => name).filter(isReadOnly),
  };
}
