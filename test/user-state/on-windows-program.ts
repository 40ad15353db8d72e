// Runs under Windows or Wine (node.exe on-windows-program.ts FOLDER): captures the profiles in `old` into `store-w`, restores those of `store-l` into
// `new-w`, and prints what came of it as JSON.
import path from 'node:path';
import { asFault } from '../../agent/fault/fault.ts';
import { capture, restore, testStore } from '../support/state-kit.ts';

const [folder = ''] = process.argv.slice(2);
const at = (name: string): string => path.join(folder, name);

async function play(): Promise<unknown> {
  await capture(at('old'), testStore(at('store-w')));
  await capture(at('old'), testStore(at('store-w')));
  const { files } = await restore(at('new-w'), testStore(at('store-l')));
  const again = await restore(at('new-w'), testStore(at('store-l'))).then(
    () => 'restored',
    error => asFault(error).code,
  );
  return { files, again };
}

play().then(
  result => console.log(JSON.stringify(result)),
  error => console.log(JSON.stringify({ failed: asFault(error).message, cause: String(error.cause ?? '') })),
);
