// What a failed read says about its source: whether another one could do better, and whether this one is worth asking for the item's other files.
import { Fault } from '../fault/fault.ts';

/** @returns true for what no other source can help: the disk, a request to stop, a defect. */
export function isOurOwn(thrown: unknown): boolean {
  return !(thrown instanceof Fault) || /^(DISK|STOP|BUG)-/.test(thrown.code);
}

/**
 * @returns true when the item's other files are not asked of this source either: it lied, is not reached, refuses or fails. Only a file that
 * it does not have, has in another size or cannot give in parts leaves it worth asking for the others.
 */
export function endsTheSource({ code }: Fault): boolean {
  return code !== 'NET-02' && code !== 'NET-08' && code !== 'NET-11';
}

/**
 * @returns true when what it delivered is not what the manifest names: other bytes, another size, an index that contradicts it. Never asked for that item again.
 * Another size of a file on a share (CONTENT-08) is the same as NET-07 over HTTP.
 */
export function isLie({ code }: Fault): boolean {
  return code === 'NET-07' || code === 'CONTENT-08' || code.startsWith('TRUST-');
}
