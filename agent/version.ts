// The version that every report, log and request names, and the build it came from.
import about from '../package.json' with { type: 'json' };

/** Put in by the build. */
declare const __PRESTAGE_BUILD__: string | undefined;

/** The version in package.json. */
export const VERSION: string = about.version;

/** Twelve hex digits of the SHA-256 of all that the executable was built from; `source` when run unbuilt. */
export const BUILD: string = typeof __PRESTAGE_BUILD__ === 'string' ? __PRESTAGE_BUILD__ : 'source';

/** What `prestage --version` prints. */
export const VERSION_LINE: string = `prestage ${VERSION} (build ${BUILD}, node ${process.versions.node})`;
