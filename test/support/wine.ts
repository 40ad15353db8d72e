// Wine for tests: a session in a temporary folder that goes away with the test, killed with everything in it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { BUILD, TEST_TOOLS } from '../../scripts/setup/place.mjs';
import { openWine, type WineSession } from '../../scripts/wine/session.mjs';

export {
  layStandIns,
  layWimgapi,
  type WineResult,
  type WineRun,
  type WineSession,
} from '../../scripts/wine/session.mjs';

/** The Windows executable. */
export const PRESTAGE_EXE: string = join(BUILD, 'prestage.exe');
/** Applies an image through the wimgapi.dll beside it. */
export const WIMTEST_EXE: string = join(TEST_TOOLS, 'wimtest.exe');

/** A fresh prefix, open until the test that asked for it ends. */
export function wineForTest(
  options: {
    readonly drives?: Readonly<Record<string, string>>;
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): WineSession {
  const { session, close } = wineForFile(options);
  onTestFinished(close);
  return session;
}

/** A prefix that several tests of a file share: call `close` in afterAll. */
export function wineForFile(
  options: {
    readonly drives?: Readonly<Record<string, string>>;
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): { readonly session: WineSession; close(): Promise<void> } {
  const folder = mkdtempSync(join(tmpdir(), 'wine-test-'));
  const session = openWine({ prefix: join(folder, 'prefix'), ...options });
  return {
    session,
    async close() {
      await session.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
