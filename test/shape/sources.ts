// The agent's own sources as data, for tests about their shape.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export const ROOT = path.resolve(import.meta.dirname, '..', '..');

/** One source file: path below the checkout with `/`, its text, and the relative imports resolved to such paths. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
}

/** Every TypeScript file below a folder of the checkout. */
export function sourcesBelow(folder: string): readonly SourceFile[] {
  return readdirSync(path.join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && entry.name.endsWith('.ts'))
    .map(entry => path.relative(ROOT, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, '/'))
    .sort()
    .map(file => {
      const text = readFileSync(path.join(ROOT, file), 'utf8');
      return { path: file, text, imports: importsOf(file, text) };
    });
}

/** Static and dynamic imports, and `import()` types: all of them tie one layer to another. */
function importsOf(file: string, text: string): readonly string[] {
  const found = text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g);
  return [...found].map(match => path.posix.normalize(path.posix.join(path.posix.dirname(file), match[1]!)));
}

/** The text without comments, so that a rule is not broken by talking of it. Strings stay. */
export function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(^|\s)\/\/.*$/gm, '$1');
}
