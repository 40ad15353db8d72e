import { expect, test } from 'vitest';
import {
  loadstateCommand,
  migrationRules,
  scanstateCommand,
  type UsmtPlaces,
  usmtOutcome,
} from '../../agent/user-state/usmt.ts';

const PLACES: UsmtPlaces = {
  tools: 'C:\\_SMSTaskSequence\\Packages\\CON00031\\amd64',
  rules: ['MigApp.xml', 'MigDocs.xml'],
  store: '\\\\srv\\state\\6f1c1b5e.partial\\usmt',
  keyFile: 'C:\\_SMSTaskSequence\\Prestage\\user-state\\usmt.key',
  log: 'C:\\_SMSTaskSequence\\Logs\\scanstate.log',
  progress: 'C:\\_SMSTaskSequence\\Logs\\scanstate-progress.log',
};

const TOOLS = 'C:\\_SMSTaskSequence\\Packages\\CON00031\\amd64';
const RULES = `/i:"${TOOLS}\\MigApp.xml" /i:"${TOOLS}\\MigDocs.xml"`;
const KEY_AND_LOGS = `/keyfile:"${PLACES.keyFile}" /l:"${PLACES.log}" /progress:"${PLACES.progress}"`;

test.each([
  [
    'of the running Windows takes files in use through a shadow copy',
    scanstateCommand(PLACES),
    `"${TOOLS}\\scanstate.exe" "${PLACES.store}" /o /localonly /efs:copyraw /c /v:13 /vsc ${RULES} /encrypt:AES_256 ${KEY_AND_LOGS}`,
  ],
  [
    'of an offline Windows names its folder and no shadow copy',
    scanstateCommand(PLACES, 'D:\\Windows'),
    `"${TOOLS}\\scanstate.exe" "${PLACES.store}" /o /localonly /efs:copyraw /c /v:13 /offlinewindir:"D:\\Windows" ${RULES} /encrypt:AES_256 ${KEY_AND_LOGS}`,
  ],
  [
    'with Config.xml and an admin’s own options has them',
    scanstateCommand({ ...PLACES, config: 'Config.xml', further: ' /ue:*\\* /ui:contoso\\* ' }),
    `"${TOOLS}\\scanstate.exe" "${PLACES.store}" /o /localonly /efs:copyraw /c /v:13 /vsc ${RULES} /config:"${TOOLS}\\Config.xml" /encrypt:AES_256 ${KEY_AND_LOGS} /ue:*\\* /ui:contoso\\*`,
  ],
  [
    'of loadstate decrypts with the same algorithm and makes no local accounts',
    loadstateCommand(PLACES),
    `"${TOOLS}\\loadstate.exe" "${PLACES.store}" /c /v:13 ${RULES} /decrypt:AES_256 ${KEY_AND_LOGS}`,
  ],
  [
    'of loadstate makes local accounts only where the admin says so',
    loadstateCommand({ ...PLACES, further: '/lac /lae' }),
    `"${TOOLS}\\loadstate.exe" "${PLACES.store}" /c /v:13 ${RULES} /decrypt:AES_256 ${KEY_AND_LOGS} /lac /lae`,
  ],
  [
    'never ends a quoted path with a backslash',
    loadstateCommand({ ...PLACES, store: 'E:\\' }),
    `"${TOOLS}\\loadstate.exe" "E:" /c /v:13 ${RULES} /decrypt:AES_256 ${KEY_AND_LOGS}`,
  ],
])('a command line %s', (_what, command, expected) => {
  expect(command).toBe(expected);
});

test.each([
  [
    ['MigDocs.xml', 'MigApp.xml', 'MigUser.xml', 'Config.xml', 'scanstate.exe'],
    ['MigApp.xml', 'MigDocs.xml'],
  ],
  [
    ['miguser.xml', 'migapp.xml'],
    ['migapp.xml', 'miguser.xml'],
  ],
  [
    ['MigDocs.xml', 'MigContoso.xml', 'readme.txt'],
    ['MigContoso.xml', 'MigDocs.xml'],
  ],
  [[], []],
])('of the files %j the rules are %j', (names, rules) => {
  expect(migrationRules(names)).toEqual(rules);
});

test.each([
  [0, 'done', '0 USMT_SUCCESS: done'],
  [3, 'done-with-errors-skipped', '3 USMT_WOULD_HAVE_FAILED: at least one error was skipped because of /c'],
  [1, 'failed', '1 USMT_DISPLAY_HELP: help was asked for'],
  [14, 'failed', '14 USMT_ERROR_USE_LAC: a local account would have to be made, and /lac does not allow it'],
  [37, 'failed', '37 USMT_ERROR_NO_INVALID_KEY: the key does not fit the store'],
  [72, 'failed', '72 USMT_UNABLE_DOMIGRATION: gathering or applying failed, or a disk is full'],
  [0xc000013a, 'failed', 'exit code 3221225786'],
])('exit code %d is %s', (code, outcome, text) => {
  expect(usmtOutcome(code)).toEqual({ outcome, text });
});
