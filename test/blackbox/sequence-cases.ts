// Task sequences that are carried out: machine in, site in, machine out.
import type { SequenceCase } from './sequence-case.ts';

/** What the default sequence of the small site runs, in order. */
const ALL = ['tool.cmd', 'run.cmd', 'setup.exe /S'];

const APPLY = { step: 'apply-os-image' };
const BOOT = { step: 'set-up-boot' };
const PACKAGES = { step: 'install-packages' };
const APPLICATIONS = { step: 'install-applications' };

/** Steps in Windows PE around what a case adds: `before` the image, `after` it, and `fullOs` in the new Windows. */
function steps({
  before = [],
  after = [],
  fullOs = [],
}: {
  readonly before?: readonly object[];
  readonly after?: readonly object[];
  readonly fullOs?: readonly object[];
}): { readonly steps: readonly object[] } {
  return { steps: [...before, APPLY, { step: 'apply-drivers' }, ...after, BOOT, ...fullOs] };
}

/** What the media laid of driver packages is lost: they come from a distribution point or not at all. */
const WITHOUT_DRIVERS = { 'volumes/windows/_SMSTaskSequence/Packages/CON00004': undefined };

const command = (line: string, more: object = {}): object => ({
  step: 'run-command',
  command: line,
  ...more,
});

const OFFERED: readonly SequenceCase[] = [
  {
    title: 'a collection of the computer’s serial number is served',
    given: {
      deployments: [{ collection: { serials: ['sn-0042 '] } }],
      machine: { facts: { serial: 'SN-0042' } },
    },
    out: { ran: ALL },
  },
  {
    title: 'a collection of a model with a SKU is served',
    given: {
      deployments: [{ collection: { models: ['Book 14'], skus: ['BK14-EU'] } }],
      machine: { facts: { model: 'Book 14', sku: 'BK14-EU' } },
    },
    out: { ran: ALL },
  },
  {
    title: 'a collection of an asset tag is served',
    given: {
      deployments: [{ collection: { assetTags: ['A-17'] } }],
      machine: { facts: { assetTag: 'a-17' } },
    },
    out: { ran: ALL },
  },
  {
    title: 'a collection of a subnet is served',
    given: {
      deployments: [{ collection: { subnets: ['10.1.0.0/16'] } }],
      machine: { facts: { ipAddresses: ['10.1.200.9'] } },
    },
    out: { ran: ALL },
  },
  {
    title: 'a collection of an IPv6 network is served',
    given: {
      deployments: [{ collection: { subnets: ['2001:db8::/32'] } }],
      machine: { facts: { ipAddresses: ['2001:db8:1::9'] } },
    },
    out: { ran: ALL },
  },
  {
    title: 'a named collection with a rule is served',
    given: {
      deployments: [{ collection: 'Books' }],
      policy: { collections: [{ name: 'Books', rule: { models: ['Book 14'] }, variables: {} }] },
      machine: { facts: { model: 'Book 14' } },
    },
    out: { ran: ALL },
  },
  {
    title: 'unknown computers are a collection of their own',
    given: { deployments: [{ collection: 'unknown' }] },
    out: { ran: ALL },
  },
  {
    title: 'the required deployment runs before available ones, whatever their order',
    given: {
      deployments: [
        { id: 'CON20001', purpose: 'available' },
        { id: 'CON20002', purpose: 'required' },
      ],
    },
    out: { ran: ALL, report: { policy: { deployment: 'CON20002' } } },
  },
  {
    title: 'a hidden deployment runs when it is named',
    given: {
      deployments: [{ id: 'CON20001' }, { id: 'CON20002', makeAvailableTo: 'media-pxe-hidden' }],
    },
    out: { deploy: ['--deployment', 'CON20002'], ran: ALL, report: { policy: { deployment: 'CON20002' } } },
  },
  {
    title: 'a hidden deployment runs when a variable of the media prefers it',
    given: {
      deployments: [{ id: 'CON20001' }, { id: 'CON20002', makeAvailableTo: 'media-pxe-hidden' }],
      media: { variables: { SMSTSPreferredAdvertID: 'CON20002' } },
    },
    out: { ran: ALL, report: { policy: { deployment: 'CON20002' } } },
  },
  {
    title: 'a hidden deployment runs when the prestart command prefers it',
    given: {
      deployments: [{ id: 'CON20001' }, { id: 'CON20002', makeAvailableTo: 'media-pxe-hidden' }],
      media: { prestart: { command: 'ask.exe', timeoutMinutes: 5 } },
      machine: { prestart: { SMSTSPreferredAdvertID: 'CON20002' } },
    },
    out: { ran: ['ask.exe', ...ALL], report: { policy: { deployment: 'CON20002' } } },
  },
  {
    title: 'a schedule that is open is served',
    given: {
      deployments: [{ schedule: { from: '2020-01-01T00:00:00Z', until: '2999-01-01T00:00:00Z' } }],
    },
    out: { ran: ALL },
  },
  {
    title: 'of two deployments the one whose time has not come is passed over',
    given: {
      deployments: [
        { id: 'CON20001', schedule: { from: '2999-01-01T00:00:00Z' } },
        { id: 'CON20002', purpose: 'available' },
      ],
    },
    out: { ran: ALL, report: { policy: { deployment: 'CON20002' } } },
  },
  {
    title: 'unattended media never ask: the first of several available ones runs',
    given: {
      deployments: [
        { id: 'CON20001', purpose: 'available' },
        { id: 'CON20002', purpose: 'available' },
      ],
    },
    out: { ran: ALL, report: { policy: { deployment: 'CON20001' } } },
  },
];

const CARRIED_OUT: readonly SequenceCase[] = [
  {
    title: 'explicit steps do what the default sequence does',
    given: { sequence: { ...steps({ fullOs: [PACKAGES, APPLICATIONS] }) } },
    out: { ran: ALL },
  },
  {
    title: 'a sequence without installs installs nothing, and fetches nothing for it',
    given: { sequence: { ...steps({}) } },
    out: { ran: [], actions: { 'install-': 'absent', 'acquire-content:CON00002': 'absent' } },
  },
  {
    title: 'commands run in their order, in both systems',
    given: {
      sequence: {
        ...steps({
          before: [command('before.exe')],
          after: [command('after.exe')],
          fullOs: [command('first.exe'), command('second.exe')],
        }),
      },
    },
    out: { ran: ['before.exe', 'after.exe', 'first.exe', 'second.exe'] },
  },
  {
    title: 'a disabled step and a disabled group are passed over',
    given: {
      sequence: {
        ...steps({
          before: [command('off.exe', { disabled: true })],
          fullOs: [{ group: 'Off', disabled: true, steps: [command('off too.exe')] }, command('on.exe')],
        }),
      },
    },
    out: { ran: ['on.exe'] },
  },
  {
    title: 'a condition on the model decides, without regard to case',
    given: {
      sequence: {
        ...steps({
          fullOs: [
            command('book.exe', { when: { machine: 'model', like: 'book*' } }),
            command('desk.exe', { when: { machine: 'model', like: 'Desk*' } }),
          ],
        }),
      },
      machine: { facts: { model: 'Book 14' } },
    },
    out: { ran: ['book.exe'] },
  },
  {
    title: 'and, or and not are carried out',
    given: {
      sequence: {
        ...steps({
          fullOs: [
            command('yes.exe', {
              when: {
                all: [
                  {
                    any: [
                      { machine: 'firmware', equals: 'bios' },
                      { machine: 'memoryMB', greaterOrEqual: '4096' },
                    ],
                  },
                  { not: { machine: 'architecture', equals: 'arm64' } },
                ],
              },
            }),
            command('no.exe', { when: { not: { any: [{ machine: 'firmware', equals: 'uefi' }] } } }),
          ],
        }),
      },
    },
    out: { ran: ['yes.exe'] },
  },
  {
    title: 'a group’s condition holds for its steps, of any depth',
    given: {
      sequence: {
        ...steps({
          fullOs: [
            {
              group: 'Laptops',
              when: { variable: 'Kind', equals: 'laptop' },
              steps: [{ group: 'Inner', steps: [command('laptop.exe')] }],
            },
            {
              group: 'Desktops',
              when: { variable: 'Kind', equals: 'desktop' },
              steps: [command('desktop.exe')],
            },
          ],
        }),
        variables: { Kind: 'Laptop' },
      },
    },
    out: { ran: ['laptop.exe'] },
  },
  {
    title: 'content that only a step which cannot run needs is not fetched',
    given: {
      sequence: {
        ...steps({
          fullOs: [{ step: 'install-package', id: 'CON00006', when: { machine: 'model', equals: 'Other' } }],
        }),
        packages: [],
        applications: [],
      },
      world: { worn: true },
    },
    out: {
      ran: [],
      actions: { 'acquire-content:CON00006': 'absent', 'install-package:CON00006': 'skipped' },
    },
  },
  {
    title: 'a file in the new Windows decides',
    given: {
      sequence: {
        ...steps({
          fullOs: [
            command('there.exe', { when: { file: 'C:\\Windows\\win.ini' } }),
            command('absent.exe', { when: { file: 'C:\\Windows\\absent.ini' } }),
            command('not absent.exe', { when: { file: 'C:\\Windows\\absent.ini', exists: false } }),
          ],
        }),
      },
    },
    out: { ran: ['there.exe', 'not absent.exe'] },
  },
  {
    title: 'a variable that a step sets decides about later steps, and survives the restart',
    given: {
      sequence: {
        ...steps({
          before: [{ step: 'set-variable', variable: 'Ring', value: 'pilot' }],
          fullOs: [
            command('pilot.exe', { when: { variable: 'Ring', equals: 'pilot' } }),
            command('all.exe', { when: { variable: 'Ring', notEquals: 'pilot' } }),
          ],
        }),
      },
    },
    out: { ran: ['pilot.exe'] },
  },
  {
    title: 'a step that may fail does not stop the sequence, and the report tells',
    given: {
      sequence: {
        ...steps({ fullOs: [command('weak.exe', { continueOnError: true }), command('next.exe')] }),
      },
      exitCodes: { 'weak.exe': 7 },
    },
    out: {
      ran: ['weak.exe', 'next.exe'],
      actions: { 'run-command': 'failed' },
      report: { outcome: 'completed' },
    },
  },
  {
    title: 'a group that may fail passes it on to its steps',
    given: {
      sequence: {
        ...steps({
          fullOs: [
            { group: 'Weak', continueOnError: true, steps: [command('weak.exe'), command('next.exe')] },
          ],
        }),
      },
      exitCodes: { 'weak.exe': 7 },
    },
    out: { ran: ['weak.exe', 'next.exe'], report: { outcome: 'completed' } },
  },
  {
    title: 'a step is tried again as often as its author says',
    given: {
      sequence: {
        ...steps({
          fullOs: [command('flaky.exe', { retry: { attempts: 3, delaySeconds: 0 } }), command('next.exe')],
        }),
      },
      exitCodes: { 'flaky.exe': [1, 1, 0] },
    },
    out: { ran: ['flaky.exe', 'flaky.exe', 'flaky.exe', 'next.exe'] },
  },
  {
    title: 'success codes are the author’s',
    given: {
      sequence: { ...steps({ fullOs: [command('odd.exe', { successCodes: [0, 42] })] }) },
      exitCodes: { 'odd.exe': 42 },
    },
    out: { ran: ['odd.exe'], actions: { 'run-command': 'finished' } },
  },
  {
    title: 'a restart in Windows PE comes back to the next step',
    given: {
      sequence: {
        ...steps({ before: [command('before.exe'), { step: 'restart', to: 'winpe' }, command('after.exe')] }),
      },
    },
    out: { codes: [3, 3, 0], deploys: 2, ran: ['before.exe', 'after.exe'], recorded: ['restart', 'restart'] },
  },
  {
    title: 'a restart in the full OS comes back to the next step',
    given: {
      sequence: {
        ...steps({ fullOs: [command('one.exe'), { step: 'restart', to: 'full-os' }, command('two.exe')] }),
      },
    },
    out: { codes: [3, 3, 0], ran: ['one.exe', 'two.exe'] },
  },
  {
    title: 'an installer that starts a restart itself (1641) is not run again after it',
    given: { exitCodes: { 'tool.cmd': 1641 } },
    out: { codes: [3, 3, 0], ran: ALL },
  },
  {
    title: 'an installer that asks for a restart (3010) does not hold up the others',
    given: { exitCodes: { 'setup.exe /S': 3010 } },
    out: { ran: ALL, report: { outcome: 'completed', restartPending: true } },
  },
  {
    title: 'an application that is there already is not installed',
    given: {
      machine: { detected: ['{0E6F3A51-9F0C-4D4E-8F5A-2F7D3C1B9A10}'] },
    },
    out: { ran: ['tool.cmd', 'run.cmd'] },
  },
  {
    title: 'a package whose files a command needs is fetched, and the command runs in it',
    given: {
      sequence: {
        ...steps({ fullOs: [command('tool.cmd /quiet', { content: 'CON00006' })] }),
        packages: [],
        applications: [],
      },
      world: { worn: true },
    },
    out: { ran: ['tool.cmd /quiet'], actions: { 'acquire-content:CON00006': 'finished' } },
  },
  {
    title: 'a script of PowerShell runs in the new Windows',
    given: {
      sequence: {
        ...steps({ fullOs: [{ step: 'run-powershell', script: 'Get-Date', parameters: '-Fast' }] }),
      },
    },
    out: { ran: [/powershell\.exe .*-File ".*\.ps1" -Fast$/i] },
  },
  {
    title: 'a driver package for this model is fetched and added',
    given: {
      sequence: { drivers: 'auto' },
      hardware: { CON00004: { manufacturers: ['Contoso*'], models: ['Book 1?'] } },
      machine: { facts: { manufacturer: 'Contoso Ltd.', model: 'Book 14' } },
      world: { disk: WITHOUT_DRIVERS },
    },
    out: {
      ran: ALL,
      recorded: ['drivers'],
      actions: { 'acquire-content:CON00004': 'finished', 'add-drivers:CON00004': 'finished' },
    },
  },
  {
    title: 'a driver package for another model is neither fetched nor added, and that none fits is told',
    given: {
      sequence: { drivers: 'auto' },
      hardware: { CON00004: { models: ['Book 1?'] } },
      machine: { facts: { manufacturer: 'Contoso', model: 'Tower 3' } },
      world: { disk: WITHOUT_DRIVERS },
    },
    out: {
      ran: ALL,
      actions: { 'acquire-content:CON00004': 'absent', 'add-drivers:CON00004': 'absent' },
      files: {
        'volumes/windows/Windows/Logs/Prestage/prestage.log':
          'No driver package of policy fits this machine (Contoso Tower 3)',
      },
    },
  },
  {
    title: 'a driver package for a device that the computer has is added',
    given: {
      sequence: { drivers: 'auto' },
      hardware: { CON00004: { devices: ['PCI\\VEN_8086&DEV_15F3', 'PCI\\VEN_8086&DEV_15F4'] } },
      machine: { facts: { devices: ['ACPI\\PNP0C0A', 'pci\\ven_8086&dev_15f3'] } },
    },
    out: { ran: ALL, recorded: ['drivers'], actions: { 'add-drivers:CON00004': 'finished' } },
  },
  {
    title: 'a driver package that the sequence lists is added, whatever machines it is for',
    given: {
      sequence: { drivers: ['CON00004'] },
      hardware: { CON00004: { models: ['Book 15'] } },
      machine: { facts: { model: 'Book 14' } },
    },
    out: { ran: ALL, actions: { 'add-drivers:CON00004': 'finished' } },
  },
  {
    title: 'partitioning on the media’s own disk is passed over, with the reason',
    given: {
      sequence: { ...steps({ before: [{ step: 'partition-disk', disk: { minGB: 1 } }] }) },
    },
    out: { ran: [], actions: { 'partition-disk': 'skipped' } },
  },
  {
    title: 'logs are copied to a folder on the way',
    given: {
      sequence: { ...steps({ fullOs: [{ step: 'copy-logs', to: 'kept' }] }) },
      machine: { facts: { serial: 'SN-0042' } },
    },
    out: { ran: [], actions: { 'copy-logs': 'finished' } },
  },
  {
    title: 'status goes on its way without stopping anything where nobody takes it',
    given: { sequence: { ...steps({ fullOs: [{ step: 'send-status', message: 'Half way' }] }) } },
    out: { ran: [], actions: { 'send-status': 'finished' } },
  },
  {
    title: 'rights are set on cache and agent before anything is armed',
    given: {},
    out: { ran: ALL, actions: { 'protect-folders': 'finished', 'hand-over': 'finished' } },
  },
];

const VARIABLES: readonly SequenceCase[] = [
  {
    title:
      'the computer’s name is the higher level’s: a collection’s over the sequence’s over the site’s over the media’s',
    given: {
      media: { variables: { OSDComputerName: 'MEDIA', Site: 'media' } },
      policy: {
        variables: { OSDComputerName: 'SITE', Site: 'graz' },
        collections: [{ name: 'Books', rule: 'all', variables: { OSDComputerName: 'PC-%Site%' } }],
      },
      sequence: { variables: { OSDComputerName: 'SEQUENCE' } },
    },
    out: { answers: ['<ComputerName>PC-graz</ComputerName>'], noAnswers: ['MEDIA', 'SITE', 'SEQUENCE'] },
  },
  {
    title: 'what a step sets stands above everything',
    given: {
      sequence: {
        variables: { OSDComputerName: 'SEQUENCE' },
        ...steps({
          before: [{ step: 'set-variable', variable: 'OSDComputerName', value: 'PC-%_SMSTSSerialNumber%' }],
        }),
      },
      machine: { facts: { serial: '4711' } },
    },
    out: { answers: ['<ComputerName>PC-4711</ComputerName>'] },
  },
  {
    title: 'variables are expanded in commands, those of Windows are left to Windows',
    given: {
      sequence: {
        variables: { Room: '2.17' },
        ...steps({ fullOs: [command('label.exe /room %ROOM% /root %SystemRoot%')] }),
      },
    },
    out: { ran: ['label.exe /room 2.17 /root %SystemRoot%'] },
  },
  {
    title: 'what the prestart command answers is used, and asked only once',
    given: {
      media: { prestart: { command: 'ask.exe', timeoutMinutes: 5 } },
      machine: { prestart: { OSDComputerName: 'ASKED-1' } },
      sequence: { ...steps({ before: [{ step: 'restart', to: 'winpe' }] }) },
    },
    out: {
      codes: [3, 3, 0],
      deploys: 2,
      ran: ['ask.exe'],
      answers: ['<ComputerName>ASKED-1</ComputerName>'],
    },
  },
  {
    title: 'time zone, languages, product key and workgroup stand in the answer file',
    given: {
      sequence: {
        variables: {
          OSDTimeZone: 'W. Europe Standard Time',
          OSDUILanguage: 'de-DE',
          OSDProductKey: 'AAAAA-BBBBB-CCCCC-DDDDD-EEEEE',
          OSDNetworkJoinType: '1',
          OSDWorkgroupName: 'GRAZ',
        },
      },
    },
    out: {
      answers: [
        '<TimeZone>W. Europe Standard Time</TimeZone>',
        '<UILanguage>de-DE</UILanguage>',
        '<ProductKey>AAAAA-BBBBB-CCCCC-DDDDD-EEEEE</ProductKey>',
        '<JoinWorkgroup>GRAZ</JoinWorkgroup>',
      ],
    },
  },
  {
    title: 'a secret variable of the media is nowhere to be read afterwards',
    given: {
      media: { variables: { OSDLocalAdminPassword: 'Str0ng!Secret' }, secret: ['OSDLocalAdminPassword'] },
      sequence: { ...steps({ fullOs: [command('show.exe %OSDLocalAdminPassword%')] }) },
    },
    out: {
      files: { 'volumes/windows/Windows/Panther/unattend.xml': 'absent' },
      noAnswers: ['Str0ng!Secret'],
    },
  },
  {
    title: 'the cache stays where a variable wishes it',
    given: { sequence: { variables: { PrestageKeepCache: 'true' } } },
    out: { files: { 'volumes/windows/_SMSTaskSequence/Packages/CON00003/run.cmd': 'exit /b 0' } },
  },
];

const STOPPED: readonly SequenceCase[] = [
  {
    title: 'an installer that fails stops the run at its item; the next start goes on there',
    given: { exitCodes: { 'run.cmd': [1603, 0] } },
    out: {
      codes: [3, 70, 0],
      ran: ['tool.cmd', 'run.cmd', 'run.cmd', 'setup.exe /S'],
      says: ['PKG-01', '1603', 'CON00003', 'install-CON00003.log'],
      report: { outcome: 'completed' },
    },
  },
  {
    title: 'an installer that hangs is stopped when its time is over, and its log is named',
    given: { exitCodes: { 'tool.cmd': 'timeout' } },
    out: { codes: [3, 70], ran: ['tool.cmd'], says: ['PKG-02', 'CON00006', 'install-CON00006.log'] },
  },
  {
    title: 'a command that fails stops the sequence before what comes after it',
    given: {
      sequence: { ...steps({ fullOs: [command('weak.exe'), command('next.exe')] }) },
      exitCodes: { 'weak.exe': 7 },
    },
    out: { codes: [3, 70], ran: ['weak.exe'], says: ['PKG-05', 'weak.exe', '7'] },
  },
  {
    title: 'a command in Windows PE that fails leaves the media the default, and the next start goes on',
    given: {
      sequence: { ...steps({ after: [command('weak.exe')], fullOs: [command('last.exe')] }) },
      exitCodes: { 'weak.exe': [7, 0] },
    },
    out: { codes: [70, 3, 0], deploys: 2, ran: ['weak.exe', 'weak.exe', 'last.exe'] },
  },
  {
    title: 'a step that is tried again as often as wished, and still fails, stops the sequence',
    given: {
      sequence: { ...steps({ fullOs: [command('flaky.exe', { retry: { attempts: 2, delaySeconds: 0 } })] }) },
      exitCodes: { 'flaky.exe': 1 },
    },
    out: { codes: [3, 70], ran: ['flaky.exe', 'flaky.exe'], says: ['PKG-05'] },
  },
];

export const SEQUENCE_CASES: readonly SequenceCase[] = [...OFFERED, ...CARRIED_OUT, ...VARIABLES, ...STOPPED];
