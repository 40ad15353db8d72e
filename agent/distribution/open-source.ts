// From the address of a distribution point, as people write it, to a source.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Fault } from '../fault/fault.ts';
import { type FolderSourceWorld, openFolderSource } from './folder-source.ts';
import { type HttpSourceWorld, openHttpSource } from './http-source.ts';
import type { Source, SourceAddress } from './source.ts';
import { openTemplateSource, pathByTemplate, urlByTemplate } from './template-source.ts';
import { type ListVolumes, openVolumeSource, volumeOf } from './volume-source.ts';

export type SourceWorld = HttpSourceWorld &
  FolderSourceWorld & {
    /** The volumes of this machine, where sources may be named by their labels. */
    readonly volumes?: ListVolumes | undefined;
  };

/**
 * Opens nothing yet. Takes `http:`, `https:` and `file:` URLs, UNC paths (`\\server\share\folder`), absolute paths and `volume:LABEL/folder`.
 * Faults: USAGE-02 for anything else, and for credentials in the address: it goes into logs, reports and the list of processes.
 */
export function openSource(address: SourceAddress, world: SourceWorld): Source {
  const { url, template } = address;
  const volume = volumeOf(url);
  if (volume !== undefined) {
    const { volumes = async () => [] } = world;
    const inner = openVolumeSource(address, volume, volumes, root => openFolderSource(address, root, world));
    return template === undefined
      ? inner
      : openTemplateSource(address, template, inner, pathByTemplate(template));
  }
  const folder = folderOf(url);
  if (folder === undefined) {
    if (template === undefined) return openHttpSource(address, world);
    const inner = openHttpSource(address, world, urlByTemplate(url, template));
    return openTemplateSource(address, template, inner, path => path);
  }
  const inner = openFolderSource(address, folder, world);
  return template === undefined
    ? inner
    : openTemplateSource(address, template, inner, pathByTemplate(template));
}

/** What names no folder of this system: a host on Linux, no drive on Windows, an encoded slash. */
function pathOf(url: URL): string {
  try {
    return fileURLToPath(url);
  } catch (cause) {
    const expected = 'file: and the absolute path of a folder of this computer';
    throw new Fault('USAGE-02', url.href, { expected }, { cause });
  }
}

/** Where they are neither shown nor served. */
const CREDENTIALS_BELONG =
  'an address without user name and password: they belong into the file that `credentials` of agent.yaml names, or under accounts of media with a password';

/** @returns the folder that the address names, or undefined for HTTP. */
function folderOf(address: string): string | undefined {
  if (path.posix.isAbsolute(address) || address.startsWith('\\\\') || /^[a-z]:[\\/]/i.test(address))
    return address;
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url)
    throw new Fault('USAGE-02', address, {
      expected: 'an http:, https: or file: URL, a UNC path, an absolute path or volume:LABEL/folder',
    });
  if (url.username !== '' || url.password !== '')
    throw new Fault('USAGE-02', `${url.origin}${url.pathname}`, {
      expected: CREDENTIALS_BELONG,
    });
  if (url.search !== '' || url.hash !== '')
    throw new Fault('USAGE-02', `${url.origin}${url.pathname}`, { expected: 'an address without ? and #' });
  if (url.protocol === 'file:') return pathOf(url);
  if (url.protocol === 'http:' || url.protocol === 'https:') return undefined;
  throw new Fault('USAGE-02', address, {
    expected: 'an http:, https: or file: URL, a UNC path, an absolute path or volume:LABEL/folder',
  });
}
