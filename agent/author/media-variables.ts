// What can be wrong with the variables of a media document that no schema tells.
import type { Unresolved } from '../policy/policy.ts';
import type { SiteMedia } from './read-site.ts';

/** @returns every mistake; paths start at the document. */
export function mediaVariableIssues(
  { variables, secret, prestart }: Pick<SiteMedia, 'variables' | 'secret' | 'prestart'>,
  deployments: readonly { readonly id: string }[],
): readonly Unresolved[] {
  const names = Object.keys(variables);
  const known = new Set(names.map(name => name.toLowerCase()));
  // A slip in a name here would show the secret that it was to hide. A prestart command may set what is not named above.
  const unknown = secret.flatMap((name, at) =>
    prestart !== undefined || known.has(name.toLowerCase())
      ? []
      : [{ path: ['secret', at], text: `no variable of this media has the name ${name}` }],
  );
  const preferred = names.filter(
    name =>
      name.toLowerCase() === 'smstspreferredadvertid' &&
      !deployments.some(({ id }) => id === variables[name]?.trim()),
  );
  return [
    ...unknown,
    ...preferred.map(name => ({
      path: ['variables', name],
      text: `no deployment has the ID ${variables[name]}`,
    })),
  ];
}
