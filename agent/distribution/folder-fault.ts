// What a file system says of a folder or share that serves content, by the names that a server's failures have.
import { stat } from 'node:fs/promises';
import { Fault } from '../fault/fault.ts';
import { ACCOUNT_WANTED, shareOf } from './share-connections.ts';

/** What Linux and Windows say of a server, a mount or a stick that is gone. */
const GONE: ReadonlySet<string> = new Set([
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'ENODEV',
  'ENOTCONN',
  'ENXIO',
  'ESTALE',
  'ETIMEDOUT',
]);

/** The same names as over HTTP, so that a reader need not know which kind of source it has. */
export async function folderFault(
  cause: unknown,
  subject: string,
  root: string,
  gated: <T>(operation: () => Promise<T>) => Promise<T>,
): Promise<Fault> {
  const native =
    cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
  if (native === 'ENOENT' || native === 'ENOTDIR') {
    const there = await gated(() => stat(root)).then(
      found => found.isDirectory(),
      thrown => {
        if (thrown instanceof Fault) throw thrown;
        return false;
      },
    );
    return new Fault(there ? 'NET-02' : 'NET-01', subject, { native }, { cause });
  }
  if (native === 'EACCES' || native === 'EPERM') {
    const advice = shareOf(root) === undefined ? {} : { expected: ACCOUNT_WANTED };
    return new Fault('NET-03', subject, { native, ...advice }, { cause });
  }
  if (native !== undefined && GONE.has(native)) return new Fault('NET-01', subject, { native }, { cause });
  return new Fault('NET-04', subject, { native }, { cause });
}
