// Types of site.mjs.
export interface VmSite {
  readonly folder: string;
  readonly site: string;
  readonly keys: string;
  readonly point: string;
  readonly wim: string;
  readonly config: string;
  readonly osTree: string;
}
export const POINT_URL: string;
export const INSTALLED: string;
export const ID: Readonly<
  Record<
    'taskSequence' | 'deployment' | 'osImage' | 'bootImage' | 'drivers' | 'tool' | 'library' | 'editor',
    string
  >
>;
export function siteAt(folder: string): VmSite;
export function makeSite(folder: string): Promise<VmSite>;
export function layDisk(site: VmSite, disk: string, options?: { readonly size?: string }): Promise<void>;
export function layFolders(site: VmSite, folder: string): Promise<void>;
