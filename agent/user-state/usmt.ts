// USMT as Prestage uses it: command lines and exit codes. Pure. Sources: Microsoft, "ScanState syntax", "LoadState syntax", "USMT return codes",
// "Migration store encryption", "Offline migration reference" (learn.microsoft.com/windows/deployment/usmt).

/** The key is handed over in a file, so that no command line shows it; each argument may have 256 characters. */
export interface UsmtPlaces {
  /** Folder of the tools and their rules. */
  readonly tools: string;
  /** Migration rules (MigDocs.xml, ...) by name, in `tools`. */
  readonly rules: readonly string[];
  /** Config.xml by name, in `tools`. */
  readonly config?: string;
  /** Where USMT keeps its store: `USMT\USMT.MIG` below it. No log may lie in it. */
  readonly store: string;
  readonly keyFile: string;
  readonly log: string;
  readonly progress: string;
  /** Options as an admin wrote them. */
  readonly further?: string;
}

/**
 * `/encrypt` and `/decrypt` must name one algorithm: what is taken when none is named differs between versions. `/vsc` takes files in use through a
 * shadow copy, which only a running Windows can make. `/efs:copyraw`, for USMT stops at the first encrypted file otherwise.
 * @param windows the Windows folder of an offline installation (in WinPE); absent: the running Windows.
 */
export function scanstateCommand(places: UsmtPlaces, windows?: string): string {
  return [
    quoted(`${places.tools}\\scanstate.exe`),
    quoted(places.store),
    '/o /localonly /efs:copyraw /c /v:13',
    windows === undefined ? '/vsc' : `/offlinewindir:${quoted(windows)}`,
    ...ruleOptions(places),
    '/encrypt:AES_256',
    ...pathOptions(places),
  ].join(' ');
}

/** Without `/lac` local accounts that the new computer does not have are not made: they would share one password. */
export function loadstateCommand(places: UsmtPlaces): string {
  return [
    quoted(`${places.tools}\\loadstate.exe`),
    quoted(places.store),
    '/c /v:13',
    ...ruleOptions(places),
    '/decrypt:AES_256',
    ...pathOptions(places),
  ].join(' ');
}

function ruleOptions({ tools, rules, config }: UsmtPlaces): readonly string[] {
  return [
    ...rules.map(rule => `/i:${quoted(`${tools}\\${rule}`)}`),
    ...(config === undefined ? [] : [`/config:${quoted(`${tools}\\${config}`)}`]),
  ];
}

function pathOptions({ keyFile, log, progress, further }: UsmtPlaces): readonly string[] {
  const options = [`/keyfile:${quoted(keyFile)}`, `/l:${quoted(log)}`, `/progress:${quoted(progress)}`];
  return further === undefined || further.trim() === '' ? options : [...options, further.trim()];
}

/** A backslash before the closing quote would escape it. */
function quoted(text: string): string {
  return `"${text.replace(/\\+$/, '')}"`;
}

/**
 * Which of the files beside the tools are rules to hand over: MigApp.xml, MigDocs.xml and an admin's own Mig*.xml. MigUser.xml takes the same files as
 * MigDocs.xml by other rules; Microsoft advises against both, so it counts only where MigDocs.xml is not there.
 */
export function migrationRules(names: readonly string[]): readonly string[] {
  const rules = names
    .filter(name => /^mig.*\.xml$/i.test(name))
    .sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
  const hasDocuments = rules.some(name => /^migdocs\.xml$/i.test(name));
  return rules.filter(name => !(hasDocuments && /^miguser\.xml$/i.test(name)));
}

const CODES: Readonly<Record<number, readonly [name: string, meaning: string]>> = {
  0: ['USMT_SUCCESS', 'done'],
  1: ['USMT_DISPLAY_HELP', 'help was asked for'],
  2: ['USMT_STATUS_CANCELED', 'cancelled, or stopped at an encrypted file'],
  3: ['USMT_WOULD_HAVE_FAILED', 'at least one error was skipped because of /c'],
  11: ['USMT_INVALID_PARAMETERS', 'an option is wrong or does not go with another'],
  12: ['USMT_ERROR_OPTION_PARAM_TOO_LARGE', 'an argument or the store’s path is longer than 256 characters'],
  13: ['USMT_INIT_LOGFILE_FAILED', 'the log cannot be written where /l says'],
  14: ['USMT_ERROR_USE_LAC', 'a local account would have to be made, and /lac does not allow it'],
  26: ['USMT_INIT_ERROR', 'several or no Windows installations were found, or the tool failed'],
  27: [
    'USMT_INVALID_STORE_LOCATION',
    'the store’s place cannot be used, or holds no store that this version reads',
  ],
  28: ['USMT_UNABLE_GET_SCRIPTFILES', 'a file of rules is absent or wrong'],
  29: [
    'USMT_FAILED_MIGSTARTUP',
    'less than 250 MB for temporary files, another USMT at work, or wrong rules',
  ],
  31: ['USMT_UNABLE_FINDMIGUNITS', 'looking for what to migrate failed'],
  32: ['USMT_FAILED_SETMIGRATIONTYPE', 'the migration could not be set up'],
  33: ['USMT_UNABLE_READKEY', 'the key file cannot be read, or is empty'],
  34: ['USMT_ERROR_INSUFFICIENT_RIGHTS', 'it does not run as administrator'],
  35: ['USMT_UNABLE_DELETE_STORE', 'the old content of the store cannot be removed'],
  36: [
    'USMT_ERROR_UNSUPPORTED_PLATFORM',
    'not on this system: a temporary profile, or WinPE without an offline Windows',
  ],
  37: ['USMT_ERROR_NO_INVALID_KEY', 'the key does not fit the store'],
  38: ['USMT_ERROR_CORRUPTED_NOTENCRYPTED_STORE', 'the store cannot be read'],
  39: ['USMT_UNABLE_TO_READ_CONFIG_FILE', 'Config.xml cannot be read'],
  40: ['USMT_ERROR_UNABLE_CREATE_PROGRESS_LOG', 'the progress log cannot be written'],
  41: ['USMT_PREFLIGHT_FILE_CREATION_FAILED', 'a file of the preparation cannot be written'],
  42: ['USMT_ERROR_CORRUPTED_STORE', 'files in the store are damaged'],
  61: ['USMT_MIGRATION_STOPPED_NONFATAL', 'stopped at an error of reading or writing'],
  71: ['USMT_INIT_OPERATING_ENVIRONMENT_FAILED', 'Windows refused something while data was under way'],
  72: ['USMT_UNABLE_DOMIGRATION', 'gathering or applying failed, or a disk is full'],
};

/** What an exit code of scanstate or loadstate says. Only 0 is whole; 3 is whole but for what the log names. */
export function usmtOutcome(exitCode: number): {
  readonly outcome: 'done' | 'done-with-errors-skipped' | 'failed';
  readonly text: string;
} {
  const known = CODES[exitCode];
  return {
    outcome: exitCode === 0 ? 'done' : exitCode === 3 ? 'done-with-errors-skipped' : 'failed',
    text: known === undefined ? `exit code ${exitCode}` : `${exitCode} ${known[0]}: ${known[1]}`,
  };
}
