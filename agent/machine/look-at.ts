// What lies at a path, for conditions: a file with its version where it has one, or a folder.
import { stat } from 'node:fs/promises';
import { fileVersion } from './file-version.ts';

/** @param file as node:fs takes it. @returns undefined for what is not there or cannot be reached. */
export async function lookAt(
  file: string,
): Promise<{ readonly kind: 'file' | 'folder'; readonly version?: string } | undefined> {
  const found = await stat(file).catch(() => undefined);
  if (found === undefined) return undefined;
  if (found.isDirectory()) return { kind: 'folder' };
  const version = await fileVersion(file);
  return version === undefined ? { kind: 'file' } : { kind: 'file', version };
}
