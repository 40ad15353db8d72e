// Where a redirect may lead: to http or https, never from https down to http, never in a circle, a few times at most.
import { Fault } from '../../fault/fault.ts';

/** curl stops at 50, browsers at 20; a distribution point has no reason for more than one or two. */
const MOST_REDIRECTS = 5;

/** @returns true for the statuses that ask to look elsewhere with the same method (RFC 9110 section 15.4; 303 means GET, which ours is). */
export function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

/**
 * The next address. Another host is fine: no account or certificate goes there, and the bytes are proven by digest.
 * @param visited all addresses so far, the current one last
 */
export function nextAddress(
  visited: readonly [URL, ...URL[]],
  location: string | undefined,
  subject: string,
): URL {
  const current = visited.at(-1) ?? visited[0];
  const refuse = (found: string): Fault => new Fault('NET-09', subject, { found, hops: visited.length });
  if (location === undefined) throw refuse('a redirect without an address');
  const next = URL.canParse(location, current.href) ? new URL(location, current.href) : undefined;
  if (!next) throw refuse('a redirect to no address');
  if (next.protocol !== 'http:' && next.protocol !== 'https:') throw refuse(`a redirect to ${next.protocol}`);
  if (next.username !== '' || next.password !== '') throw refuse('a redirect with credentials');
  if (current.protocol === 'https:' && next.protocol === 'http:')
    throw refuse(`from https to ${next.origin}`);
  if (visited.some(url => url.href === next.href)) throw refuse(`a circle at ${next.origin}${next.pathname}`);
  if (visited.length > MOST_REDIRECTS) throw refuse(`more than ${MOST_REDIRECTS} redirects`);
  return next;
}
