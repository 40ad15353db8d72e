// An existing distribution point of Configuration Manager as a supplier of bytes: files of content under addresses of its own kind, and nothing else. What
// they are to be says the site's own distribution point, which alone has manifests, chunk indexes and policy.
import { Fault } from '../fault/fault.ts';
import type { Source, SourceAddress } from './source.ts';

/** What such a point is for people, who need not be told of each document that it lacks. */
export const CONTENT_ONLY = 'a supplier of files of content only';

/** One file of an item, as the layout of a distribution point of this site names it. */
interface NamedFile {
  readonly id: string;
  readonly version: string;
  readonly path: string;
}

/**
 * @param template what stands behind the address of the point: `SMS_DP_SMSPKG$/{id}/{path}`. `{path}` is its end; `{version}` may stand in it, too.
 * @param inner reads the point itself, by the paths that `locate` answers.
 * @param locate from a path of this site's layout to one that `inner` takes.
 * @returns a source that says of everything but files of content that it does not have it (NET-02), without asking.
 */
export function openTemplateSource(
  address: SourceAddress,
  template: string,
  inner: Source,
  locate: (path: string) => string,
): Source {
  const name = `${address.url.replace(/[\\/]+$/, '')}/${template.replace(/^\/+/, '')}`;
  const { lastDate, limitConnections, letGo } = inner;
  return {
    name,
    priority: address.priority,
    ...(address.level === undefined ? {} : { level: address.level }),
    // A share is read by one thread, with a template as well as without.
    get address() {
      return inner.address;
    },
    async readDocument(path) {
      throw noSuchFile(name, path);
    },
    async read(path, options) {
      if (namedFile(path) === undefined) throw noSuchFile(name, path);
      return inner.read(locate(path), options);
    },
    ...(lastDate === undefined ? {} : { lastDate: () => lastDate() }),
    ...(limitConnections && { limitConnections: most => limitConnections(most) }),
    ...(letGo && { letGo: () => letGo() }),
    close: () => inner.close(),
  };
}

/** For folders: `Packages/ABC00012/sub/a.txt`. Fault: NET-02 for what is no file of content. */
export function pathByTemplate(template: string): (path: string) => string {
  return path => {
    const file = namedFile(path);
    if (file === undefined) throw noSuchFile(template, path);
    return filled(template.replace(/^\/+/, ''), file, text => text);
  };
}

/**
 * For HTTP. Names are encoded one by one, the template stands as it is: IIS knows its virtual directories by `$`, and a `?` in it
 * (`{id}/sccm?/{path}`, as Configuration Manager's own client asks) keeps the file's name out of IIS' request filtering, which by default
 * refuses names with `+` or `%` (404.11, allowDoubleEscaping) and several extensions.
 * @param url of the point. Fault: NET-02 for what is no file of content.
 */
export function urlByTemplate(url: string, template: string): (path: string) => URL {
  const root = url.replace(/\/+$/, '');
  return path => {
    const file = namedFile(path);
    if (file === undefined) throw noSuchFile(url, path);
    return new URL(`${root}/${filled(template.replace(/^\/+/, ''), file, encodeURIComponent)}`);
  };
}

/** @returns undefined for what is no file of an item. */
function namedFile(path: string): NamedFile | undefined {
  const [, id, version, rest] = /^content\/([^/]+)\/([^/]+)\/files\/(.+)$/s.exec(path) ?? [];
  return id === undefined || version === undefined || rest === undefined
    ? undefined
    : { id, version, path: rest };
}

function filled(template: string, file: NamedFile, encode: (name: string) => string): string {
  const path = file.path.split('/').map(encode).join('/');
  // A function as replacement: `$&` in a name stays what it is.
  return template.replaceAll(/\{(id|version|path)\}/g, (_, name: keyof NamedFile) =>
    name === 'path' ? path : encode(file[name]),
  );
}

function noSuchFile(name: string, path: string): Fault {
  return new Fault('NET-02', path, { source: name, found: CONTENT_ONLY });
}
