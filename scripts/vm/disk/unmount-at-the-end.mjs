// Nothing stays mounted after a process that was told to end while it had something mounted.
import { rmdirSync } from 'node:fs';
import { asRootNow } from './as-root.mjs';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Until it is told to forget, `root` is unmounted and removed when this process ends or is told to. @returns that function */
export function unmountAtTheEnd(root) {
  const lazily = () => {
    asRootNow('umount', ['--lazy', root]);
    // Where nothing was mounted after all, or still is, the empty folder is not worth a word.
    try {
      rmdirSync(root);
    } catch {}
  };
  const onSignal = signal => {
    lazily();
    forget();
    // Who listens, too, decides on the end; where nobody does, the signal does what it would have done.
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  };
  const forget = () => {
    process.off('exit', lazily);
    for (const signal of SIGNALS) process.off(signal, onSignal);
  };
  process.on('exit', lazily);
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return forget;
}
