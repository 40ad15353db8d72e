// Makes an executable for Windows: node.exe without its signature (it would be wrong after any change), with the blob and our version information.
import { readFileSync, writeFileSync } from 'node:fs';
import { FUSE, RESOURCE } from './blob-names.mjs';

const LANGUAGE = { lang: 1033, codepage: 1200 }; // English (United States), Unicode: what node.exe itself carries
const RT_RCDATA = 10; // Microsoft, "Resource Types": where Node looks for its blob

/**
 * Writes `file`: `node` (a path) that carries `blob` (a path), named `name` and numbered as Prestage `version` (x.y.z). The same bytes each time.
 * With resedit, which is ten times faster here than LIEF in postject.
 */
export async function makeWindowsExecutable(file, { node, blob, name, version }) {
  const { NtExecutable, NtExecutableResource, Resource } = await import('resedit');
  // The fuse first: resedit computes the checksum of the file as it is written.
  const executable = NtExecutable.from(withFuse(readFileSync(node)), { ignoreCert: true });
  const resources = NtExecutableResource.from(executable);
  const [information] = Resource.VersionInfo.fromEntries(resources.entries);
  const [major, minor, patch] = version.split(/[.-]/).map(Number);
  information.setFileVersion(major, minor, patch, 0, LANGUAGE.lang);
  information.setProductVersion(major, minor, patch, 0, LANGUAGE.lang);
  information.setStringValues(LANGUAGE, {
    ProductName: 'Prestage',
    FileDescription: 'Prestage: prestaged media for Windows deployment',
    CompanyName: 'Prestage',
    InternalName: 'prestage',
    OriginalFilename: name,
    LegalCopyright: 'MIT License; contains Node.js',
  });
  information.outputToResourceEntries(resources.entries);
  const bytes = readFileSync(blob);
  resources.replaceResourceEntry({
    type: RT_RCDATA,
    id: RESOURCE,
    lang: LANGUAGE.lang,
    codepage: LANGUAGE.codepage,
    bin: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
  });
  resources.outputResource(executable);
  writeFileSync(file, Buffer.from(executable.generate()), { mode: 0o755 });
}

/** Node looks for a blob only when the character behind this mark is 1. */
function withFuse(bytes) {
  const mark = Buffer.from(`${FUSE}:0`, 'latin1');
  const at = bytes.indexOf(mark);
  if (at < 0 || bytes.indexOf(mark, at + 1) >= 0) throw new Error('node.exe has not one fuse for a blob');
  bytes.write('1', at + mark.length - 1, 'latin1');
  return bytes;
}
