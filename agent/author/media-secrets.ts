// What of a media is secret, and how it lies on it.
import type { MediaManifest } from '../media/media-manifest.ts';
import type { SiteMedia } from './read-site.ts';

export type SealedSecrets = Pick<MediaManifest, 'variables' | 'secret' | 'secrets' | 'machineKey'>;

/** @param records the key of machine records, where the site has one. */
export async function sealSecrets(
  media: Pick<SiteMedia, 'variables' | 'secret'>,
  records: Uint8Array | undefined,
): Promise<SealedSecrets> {
  return {
    variables: media.variables,
    secret: media.secret,
    ...(records !== undefined && { machineKey: Buffer.from(records).toString('base64') }),
  };
}
