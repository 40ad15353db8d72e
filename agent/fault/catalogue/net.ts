// NET: A management or distribution point could not be used. Work done so far is kept.
import type { CatalogueEntry } from '../entry.ts';

export const NET = {
  'NET-01': {
    title: 'Server not reached',
    meaning:
      'No connection to the server, or to the proxy or the target of a redirect on the way to it: no route, refused, or its name is not known. Or the connection was closed before an answer came.',
    safe: 'What was fetched so far is kept.',
    next: 'Check cable, address and name of the server shown, or of the proxy or target of a redirect where one is named; the run may be repeated at any time.',
  },
  'NET-02': {
    title: 'Not on the server',
    meaning: 'The server answers, but does not have this file (404).',
    safe: 'What was fetched so far is kept.',
    next: 'Publish to this distribution point again.',
  },
  'NET-03': {
    title: 'Access refused',
    meaning:
      'The server or share wants another account or a client certificate, or the one that it was shown may not read there (401, 403); or a proxy on the way does (407).',
    safe: 'What was fetched so far is kept.',
    next: 'Give it what is named as expected: an account on the media or in the credentials file beside agent.yaml, or a client certificate that agent.yaml names. Or allow anonymous reading of the folder.',
  },
  'NET-04': {
    title: 'Server failed',
    meaning: 'The server answered with an error, also after every retry.',
    safe: 'What was fetched so far is kept.',
    next: 'Look at the server’s log; then repeat the run.',
  },
  'NET-05': {
    title: 'Transfer stalled',
    meaning: 'The server sent less than the least acceptable amount for too long.',
    safe: 'What was fetched so far is kept.',
    next: 'Check the line and the load of the server; then repeat the run.',
  },
  'NET-06': {
    title: 'Transfer cut short',
    meaning: 'The connection ended before all bytes had come, also after every retry.',
    safe: 'What was fetched so far is kept.',
    next: 'Check the line and proxies between here and the server; then repeat the run.',
  },
  'NET-07': {
    title: 'Wrong bytes',
    meaning:
      'The server sent something else than the file: bytes that do not match its digest or size, or that are no pointer to policy. It is not asked for this item again in this run.',
    safe: 'The bytes were discarded.',
    next: 'Publish to this distribution point again and check the proxy before it; or take it out of service.',
  },
  'NET-08': {
    title: 'Range not honoured',
    meaning: 'The server answered a request for a part with another part or an impossible one.',
    safe: 'Nothing of the answer was used.',
    next: 'Check the server or the proxy before it; another distribution point may serve.',
  },
  'NET-09': {
    title: 'Redirect refused',
    meaning: 'The server redirects in a circle, too often, or from https to http.',
    safe: 'Nothing of the answer was used.',
    next: 'Correct the address of the distribution point.',
  },
  'NET-10': {
    title: 'Not the file but a page',
    meaning:
      'The server answered with a web page in place of bytes: a portal or an error page with status 200.',
    safe: 'Nothing of the answer was used.',
    next: 'Sign this network in to its portal or use another network.',
  },
  'NET-11': {
    title: 'File changed during the transfer',
    meaning: 'The file on the server is no longer the one the transfer began with.',
    safe: 'Nothing of the two was mixed.',
    next: 'Repeat the run when publishing has ended.',
  },
  'NET-12': {
    title: 'Certificate not trusted',
    meaning: 'The server’s TLS certificate could not be verified.',
    safe: 'No content was sent or received.',
    next: 'Check the clock; then the certificate of the server or the site’s own authority in agent.yaml.',
  },
} as const satisfies Readonly<Record<string, CatalogueEntry>>;
