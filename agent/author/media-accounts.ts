// Accounts for web servers in a site's documents: under accounts of media, or, as people write them, in the address itself. Addresses are served to
// everybody and lie in the clear on each disk; so what stands in them is moved to the sealed secrets of the media, and the address is published without.
// Where a media cannot seal, nothing is moved and the address is refused.
import type { z } from 'zod';
import { type AuthoredAccount, serverAccount } from '../document/server-account.ts';
import type { Located, SiteDocuments, SiteIssue } from './read-site.ts';
import { siteIssue } from './site-issue.ts';

export interface MovedAccounts {
  /** As they were, with no credentials in any address, and every account under `accounts` of the media that seal it. */
  readonly documents: SiteDocuments;
  readonly issues: readonly SiteIssue[];
  /** What was done, a sentence for each address. */
  readonly moved: readonly string[];
}

const BELONGS =
  'set it under accounts of a media document that asks for a password, or in the credentials file beside agent.yaml (docs/sources.md), and take it out of the address';

/** Pure. */
export function moveAccounts(documents: SiteDocuments): MovedAccounts {
  const issues: SiteIssue[] = [];
  const moved: string[] = [];
  const { site, media } = documents;
  const sites = site === undefined ? undefined : takeOut(site, SITE_PLACES);
  const own = media.map(each => takeOut(each, MEDIA_PLACES));

  for (const taken of [...(sites === undefined ? [] : [sites]), ...own]) issues.push(...taken.issues);
  // An account in site.yaml is for all media.
  for (const { path, account } of sites?.found ?? []) {
    const open = media.find(({ value }) => !value.password);
    if (site === undefined) continue;
    if (open === undefined && media.length > 0)
      moved.push(movedText(site, path, account, 'each media that is made from now on'));
    else
      issues.push(
        siteIssue(
          site,
          path,
          `${originOf(account)} has user name and password in its address, which is served to everybody, and ${open === undefined ? 'there is no media that could carry them sealed' : `media/${open.value.name}.yaml has no password to seal them with`}: ${BELONGS}`,
        ),
      );
  }
  const sealed = own.map(({ document, found }): Located<SiteDocuments['media'][number]['value']> => {
    const { value } = document;
    for (const { path, account } of found) {
      if (value.password) moved.push(movedText(document, path, account, 'this media, when it is made'));
      else
        issues.push(
          siteIssue(
            document,
            path,
            `${originOf(account)} has user name and password in its address, which lies in the clear on media without a password: ${BELONGS}`,
          ),
        );
    }
    if (!value.password && value.accounts.length > 0)
      issues.push(
        siteIssue(
          document,
          ['accounts'],
          'on media without a password they can be read by everybody: let it ask for a password, or put them into the credentials file beside agent.yaml (docs/sources.md)',
        ),
      );
    const all = [...found, ...(sites?.found ?? [])].map(({ account }) => account);
    return { ...document, value: { ...value, accounts: joined(value.accounts, all) } };
  });
  return {
    documents: { ...documents, ...(sites === undefined ? {} : { site: sites.document }), media: sealed },
    issues,
    moved,
  };
}

/** Where addresses stand; `*` is each entry of a list. */
const SITE_PLACES = [
  ['distributionPoints', '*', 'url'],
  ['managementPoints', '*'],
  ['boundaries', '*', 'managementPoints', '*'],
  ['boundaries', '*', 'distributionPoints', '*', 'url'],
  ['statusUrl'],
];
const MEDIA_PLACES = SITE_PLACES.slice(0, 2);

interface Taken<T> {
  readonly document: Located<T>;
  readonly found: readonly {
    readonly path: readonly (string | number)[];
    readonly account: AuthoredAccount;
  }[];
  readonly issues: readonly SiteIssue[];
}

/** @returns the document without credentials in its addresses. What stood there and can be no account is an issue, without its value. */
function takeOut<T>(document: Located<T>, places: readonly (readonly string[])[]): Taken<T> {
  const found: { path: (string | number)[]; account: AuthoredAccount }[] = [];
  const issues: SiteIssue[] = [];
  const strip = (text: string, path: (string | number)[]): string => {
    if (!/^https?:\/\/[^/]*@/.test(text)) return text;
    const url = new URL(text);
    const account = accountIn(url);
    if (account.success) found.push({ path, account: account.data });
    else
      issues.push(
        siteIssue(
          document,
          path,
          `what stands before @ in the address is no user name and password: ${BELONGS}`,
        ),
      );
    return text.replace(/^(https?:\/\/)[^/]*@/, '$1');
  };
  let value: unknown = document.value;
  for (const place of places) value = changed(value, place, [], strip);
  // Only texts were changed, each for another text.
  return { document: { ...document, value: value as T }, found, issues };
}

function changed(
  value: unknown,
  [step, ...rest]: readonly string[],
  path: (string | number)[],
  change: (text: string, path: (string | number)[]) => string,
): unknown {
  if (step === undefined) return typeof value === 'string' ? change(value, path) : value;
  if (step === '*')
    return Array.isArray(value) ? value.map((each, at) => changed(each, rest, [...path, at], change)) : value;
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return value;
  return { ...value, [step]: changed(Reflect.get(value, step), rest, [...path, step], change) };
}

function accountIn(url: URL): z.ZodSafeParseResult<AuthoredAccount> {
  const decoded = (text: string): string | undefined => {
    try {
      return decodeURIComponent(text);
    } catch {
      // A percent sign that encodes nothing: refused below, as text that is absent.
      return undefined;
    }
  };
  return serverAccount.safeParse({
    for: url.origin,
    user: decoded(url.username),
    password: decoded(url.password),
  });
}

/** The first for a server stays. */
function joined(own: readonly AuthoredAccount[], more: readonly AuthoredAccount[]): AuthoredAccount[] {
  const all = [...own];
  for (const account of more) if (!all.some(each => originOf(each) === originOf(account))) all.push(account);
  return all;
}

function originOf({ for: server }: AuthoredAccount): string {
  return new URL(server).origin;
}

function movedText(
  { locate }: Pick<Located<unknown>, 'locate'>,
  path: readonly (string | number)[],
  account: AuthoredAccount,
  where: string,
): string {
  return `${locate(path)}: user name and password were taken out of the address of ${originOf(account)} and go sealed onto ${where}. Better set them under accounts of the media document: nobody else needs to read them there.`;
}
