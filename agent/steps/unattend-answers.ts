// The answers for Windows Setup, from task-sequence variables (Configuration Manager's names) and what policy knows of this machine. Pure.
// Configuration Manager sets the same from its steps Apply Windows Settings, Apply Network Settings and Join Domain or Workgroup: Microsoft,
// "Task sequence variables" (learn.microsoft.com/mem/configmgr/osd/understand/task-sequence-variables).
import { Fault } from '../fault/fault.ts';
import { accountData } from '../policy/domain-join-blob.ts';
import type { MachineRecord } from '../policy/machine-record.ts';
import type { Variables } from '../policy/variables.ts';
import * as rule from './unattend-rules.ts';

/** Only what is set. Texts are as Windows takes them, not yet escaped. */
export interface Answers {
  readonly computerName?: string | undefined;
  readonly productKey?: string | undefined;
  readonly registeredOwner?: string | undefined;
  readonly registeredOrganization?: string | undefined;
  readonly timeZone?: string | undefined;
  readonly inputLocale?: string | undefined;
  readonly systemLocale?: string | undefined;
  readonly uiLanguage?: string | undefined;
  readonly uiLanguageFallback?: string | undefined;
  readonly userLocale?: string | undefined;
  readonly join?: Join | undefined;
  /** Of the built-in Administrator, which is enabled with it; it stays as the image has it (a generalised client: disabled) without. */
  readonly administratorPassword?: string | undefined;
}

export type Join =
  | { readonly to: 'workgroup'; readonly name?: string | undefined }
  | {
      readonly to: 'domain';
      readonly name: string;
      readonly organizationalUnit?: string | undefined;
      readonly account: { readonly domain: string; readonly name: string; readonly password: string };
    }
  /** What `djoin /provision` made beforehand: Base64, as it stands in an answer file. */
  | { readonly to: 'offline'; readonly blob: string };

/** Each answer's variables, the first that is set counts: Configuration Manager's own name, then a shorter one or that of its other step. */
export const ANSWER_VARIABLES = {
  computerName: ['OSDComputerName'],
  productKey: ['OSDProductKey'],
  registeredOwner: ['OSDRegisteredUserName'],
  registeredOrganization: ['OSDRegisteredOrgName'],
  timeZone: ['OSDTimeZone'],
  inputLocale: ['OSDWindowsSettingsInputLocale', 'OSDInputLocale'],
  systemLocale: ['OSDWindowsSettingsSystemLocale', 'OSDSystemLocale'],
  uiLanguage: ['OSDWindowsSettingsUILanguage', 'OSDUILanguage'],
  uiLanguageFallback: ['OSDWindowsSettingsUILanguageFallback', 'OSDUILanguageFallback'],
  userLocale: ['OSDWindowsSettingsUserLocale', 'OSDUserLocale'],
  joinType: ['OSDNetworkJoinType', 'OSDJoinType'],
  domain: ['OSDDomainName', 'OSDJoinDomainName'],
  organizationalUnit: ['OSDDomainOUName', 'OSDJoinDomainOUName'],
  workgroup: ['OSDWorkgroupName', 'OSDJoinWorkgroupName'],
  joinAccount: ['OSDJoinAccount'],
  joinPassword: ['OSDJoinPassword'],
  administratorPassword: ['OSDLocalAdminPassword'],
  randomPassword: ['OSDRandomAdminPassword'],
} as const satisfies Readonly<Record<string, readonly [string, ...string[]]>>;

/** What each of them may be. */
const ANSWER_RULES: Readonly<Record<keyof typeof ANSWER_VARIABLES, rule.Rule>> = {
  computerName: rule.computerName,
  productKey: rule.productKey,
  registeredOwner: rule.registeredName,
  registeredOrganization: rule.registeredName,
  timeZone: rule.timeZone,
  inputLocale: rule.inputLocale,
  systemLocale: rule.locale,
  uiLanguage: rule.locale,
  uiLanguageFallback: rule.locale,
  userLocale: rule.locale,
  joinType: rule.joinType,
  domain: rule.domainName,
  organizationalUnit: {
    ...rule.organizationalUnit,
    holds: text => rule.organizationalUnit.holds(withoutScheme(text)),
  },
  workgroup: rule.workgroupName,
  joinAccount: rule.account,
  joinPassword: rule.password,
  administratorPassword: rule.password,
  randomPassword: rule.trueOrFalse,
};

/** @returns what a variable must be that Windows Setup gets an answer from; undefined for every other. For those who write its value. */
export function answerRule(variable: string): rule.Rule | undefined {
  const wanted = variable.toLowerCase();
  for (const answer of Object.keys(ANSWER_VARIABLES) as (keyof typeof ANSWER_VARIABLES)[]) {
    if (ANSWER_VARIABLES[answer].some(name => name.toLowerCase() === wanted)) return ANSWER_RULES[answer];
  }
  return undefined;
}

/** Variables whose values are never shown, whether or not their level calls them secret. */
export const SECRET_ANSWERS: readonly string[] = [
  ...ANSWER_VARIABLES.joinPassword,
  ...ANSWER_VARIABLES.administratorPassword,
  ...ANSWER_VARIABLES.productKey,
];

export interface AnswerSource {
  readonly variables: Variables;
  readonly record?: MachineRecord | undefined;
}

/** @throws Fault CONTENT-12 naming the variable, what it should be and, unless it is a secret, what it is. */
export function readAnswers(source: AnswerSource): Answers {
  const take = taker(source.variables);
  const wantsDisabled = take('randomPassword')?.toLowerCase() === 'true';
  const administratorPassword = take('administratorPassword');
  return {
    computerName: take('computerName'),
    productKey: take('productKey')?.toUpperCase(),
    registeredOwner: take('registeredOwner'),
    registeredOrganization: take('registeredOrganization'),
    timeZone: take('timeZone'),
    inputLocale: take('inputLocale'),
    systemLocale: take('systemLocale'),
    uiLanguage: take('uiLanguage'),
    uiLanguageFallback: take('uiLanguageFallback'),
    userLocale: take('userLocale'),
    join: readJoin(take, source.record?.domainJoinBlob),
    administratorPassword: wantsDisabled ? undefined : administratorPassword,
  };
}

/** Somebody can log on when Windows Setup is done: nobody need be asked for an account. */
export function hasAccount({ join, administratorPassword }: Answers): boolean {
  return administratorPassword !== undefined || join?.to === 'domain' || join?.to === 'offline';
}

type Take = (answer: keyof typeof ANSWER_VARIABLES) => string | undefined;

/** An empty value is none. Configuration Manager expands `%NAME%` in every value, once. */
function taker(variables: Variables): Take {
  const secret = new Set(variables.all.filter(each => each.secret).map(each => each.name.toLowerCase()));
  for (const name of SECRET_ANSWERS) secret.add(name.toLowerCase());
  return answer => {
    const { expected, holds } = ANSWER_RULES[answer];
    for (const name of ANSWER_VARIABLES[answer]) {
      const authored = variables.get(name);
      if (authored === undefined || authored === '') continue;
      const value = variables.expand(authored);
      if (holds(value)) return value;
      const found = secret.has(name.toLowerCase()) ? 'another thing (not shown)' : value;
      throw new Fault('CONTENT-12', name, { expected, found });
    }
    return undefined;
  };
}

/** Without a type, a name or a blob says which is meant; a domain comes before a workgroup, what was made for this very machine before both. */
function readJoin(take: Take, blob: string | undefined): Join | undefined {
  const type = take('joinType')?.toLowerCase();
  const workgroup = take('workgroup');
  if (type === '1' || type === 'workgroup') return { to: 'workgroup', name: workgroup };
  if (blob !== undefined) return { to: 'offline', blob: joinText(blob) };
  const name = take('domain');
  if (name !== undefined) return readDomain(take, name);
  if (type !== undefined) throw missing('domain');
  return workgroup === undefined ? undefined : { to: 'workgroup', name: workgroup };
}

function readDomain(take: Take, name: string): Join {
  const authored = take('organizationalUnit');
  const account = take('joinAccount');
  const password = take('joinPassword');
  if (account === undefined) throw missing('joinAccount');
  if (password === undefined) throw missing('joinPassword');
  return {
    to: 'domain',
    name,
    organizationalUnit: authored === undefined ? undefined : withoutScheme(authored),
    account: { ...splitAccount(account, name), password },
  };
}

/** Configuration Manager writes `LDAP://OU=...`; MachineObjectOU takes the path alone. */
function withoutScheme(text: string): string {
  return text.replace(/^LDAP:\/\//i, '');
}

/** Credentials have domain and name apart. */
function splitAccount(account: string, joined: string): { readonly domain: string; readonly name: string } {
  const [, before, after] = /^(.+?)[\\@](.+)$/.exec(account) ?? [];
  if (before === undefined || after === undefined) return { domain: joined, name: account };
  return account.includes('\\') ? { domain: before, name: after } : { domain: after, name: before };
}

function joinText(blob: string): string {
  const text = accountData(Buffer.from(blob, 'base64'));
  if (text !== undefined) return text;
  throw new Fault('CONTENT-12', 'domainJoinBlob', {
    expected: 'the file that djoin /provision /savefile wrote, as Base64',
    found: 'another thing (not shown)',
  });
}

function missing(answer: keyof typeof ANSWER_VARIABLES): Fault {
  const { expected } = ANSWER_RULES[answer];
  return new Fault('CONTENT-12', ANSWER_VARIABLES[answer][0], { expected, found: 'nothing' });
}
