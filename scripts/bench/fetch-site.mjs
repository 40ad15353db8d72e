// What the `fetch…` benches fetch: a site with one content item, published version after version as an admin would, and acquired from its point.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NODE } from '../setup/place.mjs';
import { run } from '../setup/program.mjs';
import { timed } from '../setup/say.mjs';
import { bundleProgram, likeExecutable } from './bundle-program.mjs';

const ID = 'BEN00001';

/** A fresh site below `folder` with nothing published, gone at the end: the program that publishes may be another one the next time. */
export async function openFetchSite(folder, atEnd) {
  const publisher = await bundleProgram(folder, 'publish-site.ts');
  const { program, worker } = await bundleProgram(folder, 'fetch-item.ts');
  const [site, point] = [join(folder, 'site'), join(folder, 'point')];
  const clear = () => {
    for (const made of [site, point]) rmSync(made, { recursive: true, force: true });
  };
  clear();
  atEnd(clear);
  mkdirSync(join(site, 'keys'), { recursive: true });
  writeFileSync(join(site, 'site.yaml'), 'site: BEN\nname: Bench\nkeys: { policy: policy, media: media }\n');
  const referenceOf = version => join(folder, `reference-${version}.json`);
  return {
    /** To be served. */
    point,
    /** Below the server's address: the plain files of a version. */
    filesOf: version => `content/${ID}/${version}/files`,
    /** The item on a volume. */
    itemOn: volume => join(volume, '_SMSTaskSequence', 'Packages', ID),
    async publish(version, tree) {
      const item = join(site, 'content', ID);
      rmSync(item, { recursive: true, force: true });
      mkdirSync(item, { recursive: true });
      const about = { id: ID, type: 'package', name: 'Bench', version, source: 'files' };
      writeFileSync(join(item, 'content.yaml'), JSON.stringify(about));
      // Second names: what is published is only read.
      await run('cp', ['-rl', tree, join(item, 'files')]);
      const references = await timed(`published ${tree}`, () =>
        run(NODE, [publisher.program, site, point, worker]),
      );
      const reference = JSON.parse(references).find(({ id }) => id === ID);
      writeFileSync(referenceOf(version), JSON.stringify(reference));
      return reference;
    },
    /** The words after `node` that make a version whole on a volume. @param cached the version that is there */
    acquiring: (url, volume, version, cached) => [
      ...likeExecutable().words,
      program,
      url,
      volume,
      referenceOf(version),
      worker,
      ...(cached === undefined ? [] : [referenceOf(cached)]),
    ],
  };
}

/** Runs what `acquiring` answered. @returns what it printed at the end. */
export async function acquired(words) {
  return JSON.parse((await run(NODE, words, { env: likeExecutable().env })).split('\n').at(-1));
}
