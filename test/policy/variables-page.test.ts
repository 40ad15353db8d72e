// docs/variables.md is what the program does: its built-in variables, those that it reads, and every name of Configuration Manager's reference.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { MENU_TIMEOUT_VARIABLE } from '../../agent/commands/deployment/ask-deployment.ts';
import { AD_SITE_VARIABLE } from '../../agent/commands/deployment/nearer-points.ts';
import {
  SHARE_ACCOUNT_VARIABLE,
  SHARE_PASSWORD_VARIABLE,
} from '../../agent/distribution/share-connections.ts';
import { ALLOW_BATTERY } from '../../agent/plan/readiness.ts';
import { BUILT_IN_VARIABLES } from '../../agent/policy/built-in-variables.ts';
import { KEEP_CACHE_VARIABLES } from '../../agent/steps/retire-media.ts';
import { ANSWER_VARIABLES } from '../../agent/steps/unattend-answers.ts';

const page = readFileSync(path.resolve(import.meta.dirname, '../../docs/variables.md'), 'utf8');

/** The rows of the table below a heading, each as its cells. */
function rowsBelow(heading: string): readonly (readonly string[])[] {
  const section = page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = section.split('\n').filter(line => line.startsWith('| `'));
  return rows.map(row => row.slice(2, -2).split(' | '));
}
const namesIn = (heading: string): readonly string[] =>
  rowsBelow(heading).flatMap(cells =>
    [...cells.join(' ').matchAll(/`([A-Za-z0-9_]{5,})`/g)].map(([, name]) => name ?? ''),
  );

/**
 * Microsoft, "Task sequence variables" (Configuration Manager, current branch): the names that the task sequence itself and the steps that Prestage has
 * go by; those of a single other step (OSDAdapter…, OSDPartitions…, OSDBitLocker…) go with that step's row in task-sequences.md.
 */
const CONFIGMGR = `
_OSDDetectedWinDir _OSDDetectedWinDrive _OSDMigrateUsmtPackageID _OSDMigrateUsmtRestorePackageID _SMSTSAdvertID _SMSTSAppInstallNeedsRetry
_SMSTSAssetTag _SMSTSBootImageID _SMSTSBootUEFI _SMSTSClientCache _SMSTSClientGUID _SMSTSCurrentActionName _SMSTSDefaultGateways
_SMSTSDownloadOnDemand _SMSTSInWinPE _SMSTSIPAddresses _SMSTSLastActionName _SMSTSLastActionRetCode _SMSTSLastActionSucceeded
_SMSTSLastContentDownloadLocation _SMSTSLaunchMode _SMSTSLogPath _SMSTSMacAddresses _SMSTSMachineName _SMSTSMake _SMSTSMDataPath
_SMSTSMediaType _SMSTSModel _SMSTSMP _SMSTSMPPort _SMSTSOrgName _SMSTSOSUpgradeActionReturnCode _SMSTSPackageID _SMSTSPackageName
_SMSTSRunFromDP _SMSTSSerialNumber _SMSTSSetupRollback _SMSTSSiteCode _SMSTSTimezone _SMSTSType _SMSTSUseCRL _SMSTSUserStarted
_SMSTSUseSSL _SMSTSUUID _SMSTSWTG _TS_CRMEMORY _TS_CRSPEED _TS_CRDISK _TS_CROSTYPE _TS_CRARCH _TS_CRMINOSVER _TS_CRMAXOSVER
_TS_CRCLIENTMINVER _TS_CROSLANGUAGE _TS_CRACPOWER _TS_CRNETWORK _TS_CRUEFI _TS_CRWIRED _TS_CRTPMACTIVATED _TS_CRTPMENABLED
_TSAppInstallStatus _TSSecureBoot OSDAppInstallRetries OSDAppInstallRetryTimeout OSDComputerName OSDTargetSystemDrive
OSDStateStorePath OSDStateFallbackToNAA OSDStateSMPRetryCount OSDStateSMPRetryTime SetupCompletePause SMSClientInstallProperties
SMSConnectNetworkFolderAccount SMSConnectNetworkFolderDriveLetter SMSConnectNetworkFolderPassword SMSConnectNetworkFolderPath
SMSInstallUpdateTarget SMSRebootMessage SMSRebootTimeout SMSTSAllowTokenAuthURLForACP SMSTSAssignmentsDownloadInterval
SMSTSAssignmentsDownloadRetry SMSTSAssignUsersMode SMSTSDisableStatusRetry SMSTSDisableWow64Redirection SMSTSDownloadAbortCode
SMSTSDownloadProgram SMSTSDownloadRetryCount SMSTSDownloadRetryDelay SMSTSDriverRequestConnectTimeOut SMSTSDriverRequestReceiveTimeOut
SMSTSDriverRequestResolveTimeOut SMSTSDriverRequestSendTimeOut SMSTSErrorDialogTimeout SMSTSLanguageFolder SMSTSLocalDataDrive SMSTSMP
SMSTSMPListRequestTimeoutEnabled SMSTSMPListRequestTimeout SMSTSPeerDownload SMSTSPeerRequestPort SMSTSPersistContent SMSTSPostAction
SMSTSPreferredAdvertID SMSTSPreserveContent SMSTSRebootDelay SMSTSRebootDelayNext SMSTSRebootMessage SMSTSRebootRequested
SMSTSRetryRequested SMSTSRunCommandLineAsUser SMSTSRunCommandLineUserName SMSTSRunCommandLineUserPassword SMSTSRunPowerShellAsUser
SMSTSRunPowerShellUserName SMSTSRunPowerShellUserPassword SMSTSSoftwareUpdateScanTimeout SMSTSUDAUsers SMSTSWaitCcmexecOperationalTimeout
SMSTSWaitForSecondReboot TSDebugMode TSDebugOnError TSDisableProgressUI TSErrorOnWarning TSProgressInfoLevel TSUEFIDrive WorkingDirectory
`
  .trim()
  .split(/\s+/);

test('the page tells every variable that a run sets, as the program has it', () => {
  expect(rowsBelow('Set by the run')).toEqual(
    BUILT_IN_VARIABLES.map(({ name, meaning }) => [`\`${name}\``, meaning]),
  );
});

test('the page tells every variable that a run reads', () => {
  const read = [
    'SMSTSDownloadRetryCount',
    'SMSTSDownloadRetryDelay',
    'SMSTSDownloadBandwidth',
    'SMSTSPreferredAdvertID',
    SHARE_ACCOUNT_VARIABLE,
    SHARE_PASSWORD_VARIABLE,
    AD_SITE_VARIABLE,
    ALLOW_BATTERY,
    MENU_TIMEOUT_VARIABLE,
    ...KEEP_CACHE_VARIABLES,
    ...Object.values(ANSWER_VARIABLES).flat(),
  ];
  const told = namesIn('Read by the run');
  expect(read.filter(name => !told.includes(name))).toEqual([]);
});

test('each of Configuration Manager’s variables is set, read, or told why not', () => {
  const told = ['Set by the run', 'Read by the run', "Configuration Manager's other variables"].flatMap(
    namesIn,
  );
  expect(CONFIGMGR.filter(name => !told.includes(name))).toEqual([]);
});

test('no variable is told both to be used and not to be', () => {
  const used = new Set([
    ...namesIn('Set by the run'),
    ...rowsBelow('Read by the run').flatMap(([names = '']) =>
      [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? ''),
    ),
  ]);
  const unused = rowsBelow("Configuration Manager's other variables").flatMap(([names = '']) =>
    [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? ''),
  );
  expect(unused.length).toBeGreaterThan(60);
  expect(unused.filter(name => used.has(name))).toEqual([]);
});
