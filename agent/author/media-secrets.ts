// What of a media is secret, and how it lies on it: sealed with the media's password, or, where it has none, not at all (but for the records key).
import { randomBytes } from 'node:crypto';
import { encodeJson } from '../document/decode-json.ts';
import { type MediaManifest, type MediaSecrets, mediaSecretsSchema } from '../media/media-manifest.ts';
import { sealWithPassword } from '../trust/password-box.ts';
import type { SiteMedia } from './read-site.ts';
import { ownSecrets } from './secret-issues.ts';

export type SealedSecrets = Pick<MediaManifest, 'variables' | 'secret' | 'secrets' | 'machineKey'>;

/**
 * @param records the key of machine records, where the site has one.
 * @param password of media with `password: true`, which are sealed also when there is nothing to hide: nobody deploys from them who does not know it.
 */
export async function sealSecrets(
  media: Pick<SiteMedia, 'variables' | 'secret'> & Partial<Pick<SiteMedia, 'accounts'>>,
  records: Uint8Array | undefined,
  password: string | undefined,
): Promise<SealedSecrets> {
  const { variables, secret, accounts = [] } = media;
  const machineKey = records === undefined ? {} : { machineKey: Buffer.from(records).toString('base64') };
  if (password === undefined) return { variables, secret, ...machineKey };
  const names = ownSecrets(secret);
  const entries = Object.entries(variables);
  const sealed: MediaSecrets = mediaSecretsSchema.parse({
    format: 'prestage-media-secrets/1',
    variables: Object.fromEntries(entries.filter(([name]) => names.has(name.toLowerCase()))),
    ...(accounts.length === 0 ? {} : { accounts }),
    ...machineKey,
  });
  return {
    variables: Object.fromEntries(entries.filter(([name]) => !names.has(name.toLowerCase()))),
    secret,
    secrets: await sealWithPassword(encodeJson(sealed), password, randomBytes),
  };
}
