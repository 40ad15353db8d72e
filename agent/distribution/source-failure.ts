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

/**
 * For what need not be there: other servers than those with 404 answer with a page, a redirect or 403 to strangers. Who wants an account (401, 407) is not asked
 * for more with the wrong one: accounts are locked for that.
 * @returns true when a source has no such file, or something else in its place.
 */
export function isAbsentOrWrong(fault: Fault): boolean {
  if (fault.code === 'NET-03') return fault.detail.status === 403;
  return fault.code === 'NET-02' || fault.code === 'NET-09' || fault.code === 'NET-10' || isLie(fault);
}
