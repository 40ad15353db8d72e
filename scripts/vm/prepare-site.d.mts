// Types of prepare-site.mjs.
import type { VmSite } from './site.mjs';

export function prepareSite(): Promise<VmSite>;
export function prepareDisk(type: 'ntfs' | 'ext4'): Promise<{ readonly site: VmSite; readonly disk: string }>;
