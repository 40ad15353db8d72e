// node apply-program.ts WIM TARGET: applies image 1 and prints how it ended as JSON.
import { Fault } from '../../agent/fault/fault.ts';
import { openImaging } from '../../agent/machine/open-imaging.ts';

const [, , wim = '', target = ''] = process.argv;
const imaging = await openImaging({ system: 'linux' });
try {
  await imaging.apply({ wim, index: 1, target, temporary: target });
  process.stdout.write('{"applied":true}\n');
} catch (thrown) {
  if (!(thrown instanceof Fault)) throw thrown;
  process.stdout.write(`${JSON.stringify({ code: thrown.code, detail: thrown.detail })}\n`);
}
