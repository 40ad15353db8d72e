// Types of ext4-disk.mjs.
import type { VmSite } from './site.mjs';

export const VOLUME: { readonly number: number; readonly startBytes: number };
export function layExt4Disk(site: VmSite, disk: string, size?: { readonly volumeMb?: number }): Promise<void>;
