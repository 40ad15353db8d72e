// Variables that a site sets, on whatever level: names that only a run itself sets, and values of which Windows Setup would refuse its answer. What
// is wrong here would show on a machine with a cleared disk, or only on the first one of a collection.

import { flattenSteps } from '../plan/flatten-steps.ts';
import { isReadOnly } from '../policy/built-in-variables.ts';
import { isKnownStep } from '../policy/sequence-step.ts';
import { ALWAYS_SECRET } from '../steps/secret-variables.ts';
import { answerRule } from '../steps/unattend-answers.ts';
import type { Located, SiteDocuments, SiteIssue } from './read-site.ts';
import { siteIssue } from './site-issue.ts';

type Path = readonly (string | number)[];

/** One variable where its author gave it a value. */
export interface Authored {
  /** Where its value goes: into policy, which everybody can read; into the encrypted record of a machine; onto media. */
  readonly lies: 'policy' | 'record' | 'media';
  readonly document: Pick<Located<unknown>, 'locate'>;
  readonly path: Path;
  readonly name: string;
  readonly value: string;
  readonly secret?: boolean;
}

/** @returns every mistake, with file, line and column; of a secret not the value. A value with `%NAME%` in it is known on the machine alone. */
export function variableIssues(documents: SiteDocuments): SiteIssue[] {
  const hidden = new Set(ALWAYS_SECRET.map(name => name.toLowerCase()));
  const issues: SiteIssue[] = [];
  for (const { document, path, name, value, secret } of authored(documents)) {
    if (isReadOnly(name)) {
      issues.push(siteIssue(document, path, `${name} is read-only: only a run itself sets it`));
      continue;
    }
    const rule = answerRule(name);
    if (rule === undefined || value === '' || /%[^%\s]+%/.test(value) || rule.holds(value)) continue;
    const found = secret === true || hidden.has(name.toLowerCase()) ? 'another thing (not shown)' : value;
    issues.push(siteIssue(document, path, `expected ${rule.expected}, found ${found}`));
  }
  return issues;
}

/** Every variable of a site, on whatever level. */
export function* authored({
  site,
  taskSequences,
  collections,
  machines,
  media,
}: SiteDocuments): Generator<Authored> {
  if (site !== undefined) yield* each('policy', site, ['variables'], site.value.variables);
  for (const sequence of taskSequences) {
    yield* each('policy', sequence, ['variables'], sequence.value.variables);
    for (const { step, path } of flattenSteps(sequence.value.steps ?? [])) {
      if (!isKnownStep(step) || step.step !== 'set-variable') continue;
      const { variable: name, value } = step;
      const place = [...path, isReadOnly(name) ? 'variable' : 'value'];
      yield { lies: 'policy', document: sequence, path: place, name, value };
    }
  }
  for (const [at, { variables }] of (collections?.value ?? []).entries()) {
    if (collections !== undefined) yield* each('policy', collections, [at, 'variables'], variables);
  }
  for (const [at, { variables, secret }] of (machines?.value ?? []).entries()) {
    if (machines === undefined) continue;
    yield* each('record', machines, [at, 'variables'], variables);
    yield* each('record', machines, [at, 'secret'], secret, () => true);
  }
  for (const document of media) {
    const secret = new Set(document.value.secret.map(name => name.toLowerCase()));
    yield* each('media', document, ['variables'], document.value.variables, name =>
      secret.has(name.toLowerCase()),
    );
  }
}

function* each(
  lies: Authored['lies'],
  document: Authored['document'],
  path: Path,
  variables: Readonly<Record<string, string>>,
  isSecret: (name: string) => boolean = () => false,
): Generator<Authored> {
  for (const [name, value] of Object.entries(variables))
    yield { lies, document, path: [...path, name], name, value, secret: isSecret(name) };
}
