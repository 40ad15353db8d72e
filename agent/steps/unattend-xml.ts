// The answer file for Windows Setup, as text. Pure. Each setting stands in a pass for which its page of Microsoft's "Unattended Windows Setup
// reference" calls it valid; passes that an applied image does not run (offlineServicing) have none.
import { type Answers, hasAccount } from './unattend-answers.ts';

/** Longest Path of a RunSynchronousCommand, in characters. */
export const LONGEST_COMMAND = 259;

/** A command of the specialize pass, run as SYSTEM. */
export interface SetupCommand {
  readonly path: string;
  readonly description: string;
}

/** @param commands in their order. @returns the text, with CRLF, for the file in UTF-8. */
export function unattendText(answers: Answers, commands: readonly SetupCommand[]): string {
  const passes = [
    pass('specialize', [
      component('Microsoft-Windows-Shell-Setup', machineSettings(answers)),
      component('Microsoft-Windows-UnattendedJoin', joinSettings(answers)),
      component('Microsoft-Windows-Deployment', runSynchronous(commands)),
    ]),
    pass('oobeSystem', [
      component('Microsoft-Windows-International-Core', languageSettings(answers)),
      component('Microsoft-Windows-Shell-Setup', [...accountSettings(answers), firstStart(answers)]),
    ]),
  ];
  const root: Element = {
    name: 'unattend',
    attributes:
      'xmlns="urn:schemas-microsoft-com:unattend" xmlns:wcm="http://schemas.microsoft.com/WMIConfig/2002/State"',
    content: passes,
  };
  return ['<?xml version="1.0" encoding="utf-8"?>', ...lines(root), ''].join('\r\n');
}

interface Element {
  readonly name: string;
  readonly attributes?: string;
  readonly content: string | readonly Element[];
}

/** Settings without a value are left out: most strings of an answer file may not be empty. */
function settings(values: Readonly<Record<string, string | undefined>>): readonly Element[] {
  return Object.entries(values).flatMap(([name, content]) =>
    content === undefined ? [] : [{ name, content }],
  );
}

function machineSettings(answers: Answers): readonly Element[] {
  return settings({
    ComputerName: answers.computerName,
    ProductKey: answers.productKey,
    RegisteredOwner: answers.registeredOwner,
    RegisteredOrganization: answers.registeredOrganization,
    TimeZone: answers.timeZone,
  });
}

/** Provisioning in specialize: its twin of the offlineServicing pass works only through DISM or Setup from media. */
function joinSettings({ join }: Answers): readonly Element[] {
  if (join === undefined) return [];
  const identification = (content: readonly Element[]): readonly Element[] =>
    content.length === 0 ? [] : [{ name: 'Identification', content }];
  switch (join.to) {
    case 'workgroup':
      return identification(settings({ JoinWorkgroup: join.name }));
    case 'offline':
      return identification([{ name: 'Provisioning', content: settings({ AccountData: join.blob }) }]);
    case 'domain': {
      const { domain, name, password } = join.account;
      return identification([
        { name: 'Credentials', content: settings({ Domain: domain, Username: name, Password: password }) },
        ...settings({ JoinDomain: join.name, MachineObjectOU: join.organizationalUnit }),
      ]);
    }
  }
}

function runSynchronous(commands: readonly SetupCommand[]): readonly Element[] {
  if (commands.length === 0) return [];
  const listed: Element = {
    name: 'RunSynchronous',
    content: commands.map(({ path, description }, at) => ({
      name: 'RunSynchronousCommand',
      attributes: 'wcm:action="add"',
      content: settings({ Order: String(at + 1), Path: path, Description: description }),
    })),
  };
  return [listed];
}

function languageSettings(answers: Answers): readonly Element[] {
  return settings({
    InputLocale: answers.inputLocale,
    SystemLocale: answers.systemLocale,
    UILanguage: answers.uiLanguage,
    UILanguageFallback: answers.uiLanguageFallback,
    UserLocale: answers.userLocale,
  });
}

/** With PlainText false, Value is Base64 of the password with the setting's own name behind it, in UTF-16 (little endian). It hides, it does not protect. */
function accountSettings({ administratorPassword }: Answers): readonly Element[] {
  if (administratorPassword === undefined) return [];
  const hidden = Buffer.from(`${administratorPassword}AdministratorPassword`, 'utf16le').toString('base64');
  const value = settings({ Value: hidden, PlainText: 'false' });
  return [{ name: 'UserAccounts', content: [{ name: 'AdministratorPassword', content: value }] }];
}

/**
 * Nobody is asked anything when somebody can log on afterwards. SkipMachineOOBE and SkipUserOOBE are deprecated, because they can leave a machine
 * without an account; but nothing else passes the page for the first account where there is none to make, and so they stand only where there is
 * another way to log on. Without one, that page is left to the person at the machine.
 */
function firstStart(answers: Answers): Element {
  const always = { HideEULAPage: 'true', HideOEMRegistrationScreen: 'true', ProtectYourPC: '1' };
  const unattended = {
    HideLocalAccountScreen: 'true',
    HideOnlineAccountScreens: 'true',
    HideWirelessSetupInOOBE: 'true',
    SkipMachineOOBE: 'true',
    SkipUserOOBE: 'true',
  };
  return { name: 'OOBE', content: settings({ ...always, ...(hasAccount(answers) ? unattended : {}) }) };
}

/** For both architectures: Windows Setup passes over components of another than its own. */
function component(name: string, content: readonly Element[]): readonly Element[] {
  if (content.length === 0) return [];
  return ['amd64', 'arm64'].map(architecture => ({
    name: 'component',
    attributes: `name="${name}" processorArchitecture="${architecture}" publicKeyToken="31bf3856ad364e35" language="neutral" versionScope="nonSxS"`,
    content,
  }));
}

function pass(name: string, components: readonly (readonly Element[])[]): Element {
  return { name: 'settings', attributes: `pass="${name}"`, content: components.flat() };
}

function lines({ name, attributes, content }: Element): readonly string[] {
  const start = attributes === undefined ? name : `${name} ${attributes}`;
  if (typeof content === 'string') return [`<${start}>${xmlText(content)}</${name}>`];
  return [`<${start}>`, ...content.flatMap(lines).map(line => `  ${line}`), `</${name}>`];
}

/** Text as it stands between tags. */
export function xmlText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
