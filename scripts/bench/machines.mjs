// Publishing a large site: 50,000 machines with three identifiers each, against the same site with one; and how many bytes one machine then fetches.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { at, NODE } from '../setup/place.mjs';
import { run } from '../setup/program.mjs';
import { say } from '../setup/say.mjs';

export const title = 'publishing 50,000 machines, against publishing one';
export const aims = 'Aims: below a minute; one machine fetches below 200 kB (policy and one shard).';

const MANY = 50_000;

export async function prepare({ folder }) {
  const sizes = new Map();
  const contestants = [];
  for (const count of [1, MANY]) {
    const site = join(folder, `site-${count}`);
    const point = join(folder, `point-${count}`);
    rmSync(site, { recursive: true, force: true });
    mkdirSync(join(site, 'keys'), { recursive: true });
    writeFileSync(
      join(site, 'site.yaml'),
      'site: CON\nname: Contoso\nkeys: { policy: policy, media: media }\n',
    );
    writeFileSync(join(site, 'collections.yaml'), '- name: Graz\n');
    writeFileSync(join(site, 'machines.yaml'), machines(count));
    await prestage('keys', 'new', 'policy', '--in', join(site, 'keys'));
    await prestage('keys', 'new', 'machine', '--machine', '--in', join(site, 'keys'));
    contestants.push({
      name: `${count} ${count === 1 ? 'machine' : 'machines'}`,
      before: () => {
        for (const made of [point, join(site, '.prestage')]) rmSync(made, { recursive: true, force: true });
      },
      run: async () => {
        await prestage('publish', site, '--to', point);
        sizes.set(count, sizesOn(point));
      },
    });
  }
  return {
    contestants,
    close: () => {
      for (const [count, { policy, shards, largest }] of sizes)
        say(
          `${count}: policy ${policy} bytes, ${shards} shards of at most ${largest} bytes: one machine fetches ${policy + largest} bytes`,
        );
    },
  };
}

function prestage(...words) {
  return run(NODE, [at('agent', 'main.ts'), ...words]);
}

function sizesOn(point) {
  const folder = join(point, 'policy', '1');
  const shards = readdirSync(join(folder, 'machines')).map(
    name => statSync(join(folder, 'machines', name)).size,
  );
  return {
    policy: statSync(join(folder, 'policy.json')).size,
    shards: shards.length,
    largest: Math.max(...shards),
  };
}

/** The text of machines.yaml. */
function machines(count) {
  return Array.from({ length: count }, (_, n) => {
    const hex = createHash('sha256').update(`machine ${n}`).digest('hex');
    const uuid = [
      hex.slice(0, 8),
      hex.slice(8, 12),
      hex.slice(12, 16),
      hex.slice(16, 20),
      hex.slice(20, 32),
    ].join('-');
    return [
      `- serial: SN${String(n).padStart(6, '0')}`,
      `  uuid: ${uuid}`,
      `  macs: ["${hex.slice(32, 44).match(/../g).join(':')}"]`,
      `  name: PC-${String(n).padStart(6, '0')}`,
      '  variables: { OSDTimeZone: W. Europe Standard Time }',
      '  collections: [Graz]',
      '',
    ].join('\n');
  }).join('');
}
