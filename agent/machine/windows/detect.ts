// One detection rule of an application, asked of this Windows.
import { stat } from 'node:fs/promises';
import type { DetectionRule } from '../../content/manifest.ts';
import { compareVersions, fileVersion } from '../file-version.ts';
import { expandVariables } from './command-line.ts';
import type { Registry, RegistryView } from './registry.ts';

const VIEWS: readonly RegistryView[] = ['bits64', 'bits32'];
const UNINSTALL = 'HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall';

/**
 * A file (or folder) rule holds when it is there and, with `version`, is of that version or a later one. A registry rule holds when the key,
 * its value, or its value with these contents (or a later version, a greater number) is there in either view. A product code holds when
 * Windows Installer lists it as installed, with `version` in that version or a later one.
 */
export async function detects(
  clause: DetectionRule,
  registry: Registry,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<boolean> {
  if ('file' in clause) return hasFile(expandVariables(clause.file, environment), clause.version);
  if ('productCode' in clause)
    return VIEWS.some(view => hasProduct(clause.productCode, clause.version, registry, view));
  return VIEWS.some(view => hasValue(clause, registry, view));
}

async function hasFile(file: string, leastVersion: string | undefined): Promise<boolean> {
  const there = await stat(file).catch(() => undefined);
  if (!there) return false;
  if (leastVersion === undefined) return true;
  const version = await fileVersion(file);
  return version !== undefined && compareVersions(version, leastVersion) >= 0;
}

function hasProduct(
  code: string,
  leastVersion: string | undefined,
  registry: Registry,
  view: RegistryView,
): boolean {
  const key = `${UNINSTALL}\\${code}`;
  if (leastVersion === undefined) return registry.hasKey(key, view);
  return isAtLeast(registry.value(key, 'DisplayVersion', view), leastVersion);
}

function hasValue(
  clause: Extract<DetectionRule, { registryKey: string }>,
  registry: Registry,
  view: RegistryView,
): boolean {
  const { registryKey, value, equals, atLeast } = clause;
  if (value === undefined && equals === undefined && atLeast === undefined)
    return registry.hasKey(registryKey, view);
  const found = registry.value(registryKey, value ?? '', view);
  if (found === undefined || (equals !== undefined && found !== String(equals))) return false;
  return atLeast === undefined || isAtLeast(found, String(atLeast));
}

/** A number is a version of one part. Whatever is neither is not later than anything. */
function isAtLeast(found: string | undefined, least: string): boolean {
  return (
    found !== undefined && /^\s*\d+(\.\d+)*\s*$/.test(found) && compareVersions(found.trim(), least) >= 0
  );
}
