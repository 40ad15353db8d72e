// Types of tree-digest.mjs.
export function digestTree(
  root: string,
  options?: { readonly skip?: (path: string) => boolean },
): Promise<Map<string, string>>;
export function digestFile(file: string): Promise<string>;
export function differences(
  expected: ReadonlyMap<string, string>,
  found: ReadonlyMap<string, string>,
): string[];
