// What a media manifest alone says of what a person should know: sizes, until when it is good, what lies in the clear.
import { cacheLayout } from '../content/layout.ts';
import type { MediaFileEntry, MediaManifest } from '../media/media-manifest.ts';
import { daysBetween } from './media-dates.ts';

/** `clear`: somebody who holds the disk can read a secret. `sealed`: only with the password. */
export type SecretsState = 'none' | 'clear' | 'sealed';

export interface MediaSummary {
  readonly totals: { readonly items: number; readonly espBytes: number; readonly volumeBytes: number };
  readonly validity: {
    readonly from: string;
    readonly until: string;
    /** Whole days that are left; below zero: it has expired. */
    readonly daysLeft: number;
  };
  readonly secrets: SecretsState;
  readonly receipt: MediaManifest['receipt'];
  /** How many shards of machine records the media carries. */
  readonly recordShards: number;
  readonly warnings: readonly string[];
}

/** Told when so few days are left: a disk may wait in stock for longer. */
const SOON_DAYS = 30;

/** Pure. */
export function summarize(manifest: MediaManifest, now: Date): MediaSummary {
  const { content, esp, volume, validFrom, validUntil, receipt } = manifest;
  const bytesOf = (files: readonly MediaFileEntry[]) => files.reduce((sum, { size }) => sum + size, 0);
  const daysLeft = daysBetween(now, validUntil);
  return {
    totals: {
      items: content.length + (esp.length > 0 ? 1 : 0),
      espBytes: bytesOf(esp),
      volumeBytes: content.reduce((sum, { totalBytes }) => sum + totalBytes, 0) + bytesOf(volume),
    },
    validity: { from: validFrom, until: validUntil, daysLeft },
    secrets: secretsOf(manifest),
    receipt,
    recordShards: volume.filter(({ path }) => path.startsWith(RECORDS)).length,
    warnings: [
      ...(Date.parse(validFrom) > now.getTime()
        ? [`The media is not valid before ${validFrom}: until then no computer deploys from it.`]
        : []),
      ...(daysLeft >= 0 && daysLeft < SOON_DAYS
        ? [`The media expires in ${daysLeft} ${daysLeft === 1 ? 'day' : 'days'}.`]
        : []),
      ...(manifest.unattended && manifest.secrets !== undefined
        ? ['The media is unattended and has a password, so that each computer waits until somebody types it.']
        : []),
      ...(agentFile(manifest) === undefined
        ? ['The media carries no agent of its own: it must lie in the boot image.']
        : []),
    ],
  };
}

/** @returns the agent's executable on the volume. */
export function agentFile({ volume }: Pick<MediaManifest, 'volume'>): MediaFileEntry | undefined {
  return volume.find(({ path }) => path.startsWith(AGENT));
}

const AGENT = `${relative(cacheLayout('').agent)}/`;
const RECORDS = relative(cacheLayout('').policyShard(0)).replace(/[^/]*$/, '');

function relative(place: string): string {
  return place.replaceAll('\\', '/');
}

function secretsOf({ secrets, machineKey, secret, variables }: MediaManifest): SecretsState {
  const hidden = new Set(secret.map(name => name.toLowerCase()));
  if (machineKey !== undefined || Object.keys(variables).some(name => hidden.has(name.toLowerCase())))
    return 'clear';
  return secrets === undefined ? 'none' : 'sealed';
}
