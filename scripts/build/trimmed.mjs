// What libraries do at their start, and nothing in the agent needs: left out of the bundle, because every start pays for it.
import { readFile } from 'node:fs/promises';

/** An esbuild plug-in. A new version of a library that looks otherwise fails the build, so that somebody looks. */
export const trimmed = {
  name: 'trimmed',
  setup(build) {
    // Texts of zod's own issues in fifty languages, which esbuild cannot see to be unused; English is imported apart from these.
    build.onResolve({ filter: /^\.\.\/locales\/index\.js$/ }, ({ importer }) =>
      /[\\/]zod[\\/]v4[\\/]/.test(importer) ? { path: 'none', namespace: 'trimmed' } : undefined,
    );
    build.onLoad({ filter: /^none$/, namespace: 'trimmed' }, () => ({ contents: 'export {};' }));
    // Reading ICU's rules takes a fifth of the time up to the first work; only texts beyond ASCII need them.
    build.onLoad({ filter: /[\\/]string-width[\\/]index\.js$/ }, async ({ path }) => {
      const eager = 'const segmenter = new Intl.Segmenter();';
      const contents = await readFile(path, 'utf8');
      if (contents.split(eager).length !== 2) throw new Error(`${path} has changed: see ${import.meta.url}`);
      const lazy =
        'let made; const segmenter = { segment: text => (made ??= new Intl.Segmenter()).segment(text) };';
      return { contents: contents.replace(eager, lazy) };
    });
  },
};
