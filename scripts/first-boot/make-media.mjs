// Everything up to the sealed media file: keys, site, publishing, prestaged media. What is there and still fits is used again.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { digestOfFiles, materialKey } from '../sample/made.mjs';
import { MEDIA_NAME, makeMaterial, writeSite } from '../sample/site.mjs';
import { at, BUILD } from '../setup/place.mjs';
import { AGENT_CONFIG, DISTRIBUTION_POINT, FIRST_BOOT, KEYS, MEDIA, SITE } from './place.mjs';
import { prestage } from './prestage.mjs';
import { line } from './screen.mjs';

/** @returns {Promise<{ port: number }>} where the distribution point must be served for the media to find it. */
export async function makeMedia() {
  await makeMaterial();
  const keys = await makeKeys();
  const port = await choosePort();
  const url = `http://127.0.0.1:${port}`;
  writeFileSync(
    AGENT_CONFIG,
    `# What the agent trusts, for the rehearsal; in the boot image it lies beside prestage.exe.\nkeys:\n  - ${keys.media}\n`,
  );

  const material = materialKey(
    ...['content', 'os-image', 'os-tree', 'software', 'driver-packages', 'site'].map(name => `${name}.mjs`),
  );
  const stamp = `${MEDIA}.made`;
  const key = digestOfFiles(
    [join(BUILD, 'prestage'), join(BUILD, 'prestage.exe'), at('winpe/launch.cmd')],
    [material, url, keys.media, keys.policy],
  );
  const site = { folder: SITE, url, mediaKeys: [keys.media] };
  if (!existsSync(MEDIA) || !existsSync(stamp) || readFileSync(stamp, 'utf8') !== key) {
    forgetOtherMaterial(material);
    rmSync(dirname(MEDIA), { recursive: true, force: true });
    mkdirSync(dirname(MEDIA), { recursive: true });
    await writeSite({ ...site, release: 'old' });
    await prestage(['publish', SITE, '--to', DISTRIBUTION_POINT, '--keys', KEYS]);
    await prestage([
      'media',
      'create',
      SITE,
      MEDIA_NAME,
      '--from',
      DISTRIBUTION_POINT,
      '--to',
      MEDIA,
      '--keys',
      KEYS,
    ]);
    writeFileSync(stamp, key);
  }

  line('\nThe world moves on: a new release of esbuild is published.');
  await writeSite({ ...site, release: 'new' });
  await prestage(['publish', SITE, '--to', DISTRIBUTION_POINT, '--keys', KEYS]);
  return { port };
}

/** The key pairs of the sample site, made once; public keys as text. */
async function makeKeys() {
  mkdirSync(KEYS, { recursive: true });
  for (const name of ['policy', 'media']) {
    if (!existsSync(join(KEYS, `${name}.pub`))) await prestage(['keys', 'new', name, '--in', KEYS]);
  }
  const read = name => /ed25519:\S+/.exec(readFileSync(join(KEYS, `${name}.pub`), 'utf8'))[0];
  return { policy: read('policy'), media: read('media') };
}

/** Published versions never change: other material under the same versions needs another distribution point. */
function forgetOtherMaterial(material) {
  const stamp = `${DISTRIBUTION_POINT}.material`;
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === material) return;
  rmSync(DISTRIBUTION_POINT, { recursive: true, force: true });
  rmSync(SITE, { recursive: true, force: true });
  mkdirSync(FIRST_BOOT, { recursive: true });
  writeFileSync(stamp, material);
}

/** The media names its distribution point for good, so its port is kept; another only when somebody else has taken it. */
async function choosePort() {
  const file = join(FIRST_BOOT, 'port');
  const kept = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  const port = (await freePort(kept)) ?? (await freePort(0));
  writeFileSync(file, String(port));
  return port;
}

function freePort(wanted) {
  return new Promise(resolve => {
    const server = createServer();
    server.on('error', () => resolve(undefined));
    server.listen(wanted, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
