// One detection rule of an application, asked of this Windows.
import { stat } from 'node:fs/promises';
import type { DetectionClause } from '../../content/manifest.ts';
import { compareVersions, fileVersion } from '../file-version.ts';
import { expandVariables } from './command-line.ts';
import type { Registry, RegistryView } from './registry.ts';

const VIEWS: readonly RegistryView[] = ['bits64', 'bits32'];
const UNINSTALL = 'HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall';

/**
 * A file (or folder) rule holds when it is there and, with `version`, is of that version or a later one. A registry rule holds when the key,
 * its value, or its value with these contents is there in either view. A product code holds when Windows Installer lists it as installed.
 */
export async function detects(
  clause: DetectionClause,
  registry: Registry,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<boolean> {
  if ('file' in clause) return hasFile(expandVariables(clause.file, environment), clause.version);
  if ('productCode' in clause)
    return VIEWS.some(view => registry.hasKey(`${UNINSTALL}\\${clause.productCode}`, view));
  return VIEWS.some(view => hasValue(clause, registry, view));
}

async function hasFile(file: string, leastVersion: string | undefined): Promise<boolean> {
  const there = await stat(file).catch(() => undefined);
  if (!there) return false;
  if (leastVersion === undefined) return true;
  const version = await fileVersion(file);
  return version !== undefined && compareVersions(version, leastVersion) >= 0;
}

function hasValue(
  clause: Extract<DetectionClause, { registryKey: string }>,
  registry: Registry,
  view: RegistryView,
): boolean {
  const { registryKey, value, equals } = clause;
  if (value === undefined && equals === undefined) return registry.hasKey(registryKey, view);
  const found = registry.value(registryKey, value ?? '', view);
  return found !== undefined && (equals === undefined || found === equals);
}
