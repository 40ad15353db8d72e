// Loads the program proper, which takes longer than the start of Node itself: from its source when run unbuilt, from an asset of the
// executable when built. So main.ts, which the executable compiles in any case, can say something first.
import { isSea } from 'node:sea';
import { loadScript } from './load-script.ts';

type ProgramModule = typeof import('./open-program.ts');

export async function loadProgram(): Promise<ProgramModule> {
  if (!isSea()) return await import('./open-program.ts');
  return loadScript('program') as ProgramModule;
}
