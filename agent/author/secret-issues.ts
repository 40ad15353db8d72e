// Secrets where everybody could read them: policy is served to all, and media without a password lie in the clear on each disk. A name that is secret
// in one document is secret in all.
import { ALWAYS_SECRET } from '../steps/secret-variables.ts';
import type { SiteDocuments, SiteIssue } from './read-site.ts';
import { siteIssue } from './site-issue.ts';
import { type Authored, authored } from './variable-issues.ts';

/** @returns every mistake, with file, line and column, and of no secret the value. A value that is nothing but other variables tells nothing. */
export function secretIssues(documents: SiteDocuments): SiteIssue[] {
  const secrets = secretNames(documents);
  const sealing = new Map<unknown, ReadonlySet<string>>(
    documents.media.filter(({ value }) => value.password).map(each => [each, ownSecrets(each.value.secret)]),
  );
  const issues: SiteIssue[] = [];
  for (const variable of authored(documents)) {
    const { document, path, lies, name, value } = variable;
    const because = secrets.get(name.toLowerCase());
    if (because === undefined || lies === 'record' || tellsNothing(value)) continue;
    const sealed = sealing.get(document);
    if (lies === 'media' && sealed?.has(name.toLowerCase())) continue;
    issues.push(siteIssue(document, path, `${name} is secret ${because()}${remedyFor(variable, sealed)}`));
  }
  return issues;
}

/** Whether a media with a password seals the variable. @param secret the names in its document; case makes no difference anywhere. */
export function ownSecrets(secret: readonly string[]): ReadonlySet<string> {
  return new Set([...ALWAYS_SECRET, ...secret].map(name => name.toLowerCase()));
}

function remedyFor({ lies }: Authored, sealed: ReadonlySet<string> | undefined): string {
  if (lies === 'policy')
    return 'and policy can be read by everybody: set it under secret of a machine in machines.yaml, or on media that asks for a password';
  if (sealed === undefined)
    return 'and on media without a password it can be read by everybody: let it ask for a password, or set it under secret of a machine in machines.yaml';
  return 'and on this media not: name it under secret here, too';
}

/** Names in lower case, with the place that makes them secret. */
function secretNames({ media, machines }: SiteDocuments): ReadonlyMap<string, () => string> {
  const found = new Map<string, () => string>();
  const add = (name: string, because: () => string): void => {
    const key = name.toLowerCase();
    if (!found.has(key)) found.set(key, because);
  };
  for (const name of ALWAYS_SECRET) add(name, () => 'wherever it stands, ');
  for (const { value, locate } of media)
    for (const [at, name] of value.secret.entries()) add(name, () => `(${locate(['secret', at])}), `);
  for (const [at, { secret }] of (machines?.value ?? []).entries())
    for (const name of Object.keys(secret))
      add(name, () => `(${machines?.locate([at, 'secret', name]) ?? ''}), `);
  return found;
}

function tellsNothing(value: string): boolean {
  return value.replaceAll(/%[A-Za-z_][A-Za-z0-9_-]*%/g, '') === '';
}
