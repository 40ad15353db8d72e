// What a management or distribution point can do wrong, what the person is told of it, and what is survived without a word.
import type { Misbehaviour } from '../support/misbehaving-server.ts';
import type { Words } from './judge.ts';
import type { ServerRule } from './world.ts';

/** A server that is at fault in each run until it is mended. */
export interface ServerCase {
  readonly title: string;
  readonly server: readonly ServerRule[];
  readonly exitCode: number;
  readonly fault: string;
  readonly subject: Words;
  readonly says: readonly Words[];
}

const POLICY = /^policy\/\d+\/policy\.json$/;
/** One file of the editor's new version; by then the OS image, a driver package and two packages are whole. */
const SETUP = /^content\/CON00002\/1\.1\/files\/setup\.exe$/;

const policyServer = (
  title: string,
  does: Misbehaviour,
  fault: string,
  says: readonly Words[] = [],
  exitCode = 40,
): ServerCase => ({
  title: `a management point that ${title}`,
  server: [{ on: POLICY, does }],
  exitCode,
  fault,
  subject: fault.startsWith('NET') ? /http:\/\/127\.0\.0\.1:\d+\/policy\/2\/policy\.json/ : 'policy.json',
  says,
});

/** The pointer is not signed: whatever is wrong with it is the server's fault. */
const pointerServer = (title: string, does: Misbehaviour, says: readonly Words[]): ServerCase => ({
  title: `a management point that ${title} in place of the pointer to policy`,
  server: [{ on: /^policy\/current\.json$/, does }],
  exitCode: 40,
  fault: 'NET-07',
  subject: 'policy/current.json',
  says: [/source: http:\/\/127\.0\.0\.1:\d+/, ...says],
});

const contentServer = (
  title: string,
  does: Misbehaviour,
  cause: string,
  says: readonly Words[] = [],
): ServerCase => ({
  title: `a distribution point that ${title}`,
  server: [{ on: SETUP, does }],
  exitCode: 30,
  fault: 'CONTENT-01',
  subject: 'CON00002',
  // Which server, what it did, and how much is still to come.
  says: [/missing bytes: \d+/, new RegExp(`http://127\\.0\\.0\\.1:\\d+/?: ${cause} `), ...says],
});

const circle = (path: string): Misbehaviour => ({ kind: 'redirect', to: `/${path}` });

/** No policy, no plan: refused by name, and nothing but journal and logs is written. */
export const POLICY_SERVER_CASES: readonly ServerCase[] = [
  policyServer('does not have the policy (404)', { kind: 'status', status: 404 }, 'NET-02', ['status: 404']),
  policyServer('wants a password (401)', { kind: 'status', status: 401 }, 'NET-03', ['status: 401']),
  policyServer('forbids (403)', { kind: 'status', status: 403 }, 'NET-03', ['status: 403']),
  policyServer('calls the range impossible (416)', { kind: 'status', status: 416 }, 'NET-08', [
    'status: 416',
  ]),
  policyServer('fails (500)', { kind: 'status', status: 500 }, 'NET-04', ['status: 500']),
  policyServer('redirects in a circle', circle('policy/2/policy.json'), 'NET-09', [
    /found: a circle at http:/,
  ]),
  policyServer('redirects to a file', { kind: 'redirect', to: 'file:///etc/passwd' }, 'NET-09', [
    'found: a redirect to file:',
  ]),
  policyServer('answers with a page', { kind: 'page' }, 'NET-10', ['content type: text/html']),
  policyServer('hangs up', { kind: 'reset' }, 'NET-01', ['ECONNRESET']),
  policyServer('speaks no HTTP', { kind: 'raw', text: 'SSH-2.0-OpenSSH_9.2\r\n' }, 'NET-04'),
  policyServer('ends in the middle', { kind: 'drop', afterBytes: 100 }, 'NET-06'),
  policyServer('stops in the middle', { kind: 'stall', afterBytes: 100 }, 'NET-05'),
  policyServer('takes the question and says nothing', { kind: 'stall' }, 'NET-05'),
  policyServer(
    'serves a shorter policy',
    { kind: 'truncate', toBytes: 500 },
    'TRUST-02',
    ['found: other bytes'],
    20,
  ),
  policyServer(
    'serves one wrong bit',
    { kind: 'corrupt', offset: 50 },
    'TRUST-02',
    ['found: other bytes'],
    20,
  ),
  pointerServer('sends nothing', { kind: 'truncate', toBytes: 0 }, ['expected: JSON']),
  pointerServer('sends one wrong bit', { kind: 'corrupt', offset: 0 }, ['expected: JSON']),
  pointerServer('sends much more', { kind: 'chunked', surplus: 5000 }, ['expected: at most 4096 bytes']),
];

/** Refused by name; with a sane server the next run ends well and fetches nothing twice. */
export const CONTENT_SERVER_CASES: readonly ServerCase[] = [
  contentServer('does not have the file (404)', { kind: 'status', status: 404 }, 'NET-02', [/setup\.exe/]),
  contentServer('wants a password (401)', { kind: 'status', status: 401 }, 'NET-03'),
  contentServer('forbids (403)', { kind: 'status', status: 403 }, 'NET-03'),
  contentServer('calls every range impossible (416)', { kind: 'status', status: 416 }, 'NET-08'),
  contentServer('fails (500)', { kind: 'status', status: 500 }, 'NET-04'),
  contentServer('redirects in a circle', circle('content/CON00002/1.1/files/setup.exe'), 'NET-09'),
  contentServer('answers with a page', { kind: 'page' }, 'NET-10'),
  contentServer('serves a shorter file', { kind: 'truncate', toBytes: 1000 }, 'NET-07'),
  contentServer('ends in the middle', { kind: 'drop', afterBytes: 1000 }, 'NET-06'),
  contentServer('stops in the middle', { kind: 'stall', afterBytes: 1000 }, 'NET-05'),
  contentServer('serves one wrong bit', { kind: 'corrupt', offset: 350_005 }, 'NET-07'),
  contentServer('serves another range', { kind: 'other-range', shift: 1 }, 'NET-08'),
  contentServer('compresses unasked', { kind: 'gzip' }, 'NET-07'),
];

const ANY_FILE = /\/files\//;

/** A server whose moods do not matter: the run ends as with a good one. */
export const SURVIVED: readonly { readonly title: string; readonly server: readonly ServerRule[] }[] = [
  {
    title: 'fails once for each kind of file',
    server: [POLICY, SETUP].map(on => ({ on, does: { kind: 'status', status: 503 }, times: 1 })),
  },
  { title: 'hangs up once', server: [{ on: SETUP, does: { kind: 'reset' }, times: 1 }] },
  {
    title: 'ends in the middle once',
    server: [{ on: SETUP, does: { kind: 'drop', afterBytes: 1000 }, times: 1 }],
  },
  {
    title: 'stops in the middle once',
    server: [{ on: SETUP, does: { kind: 'stall', afterBytes: 1000 }, times: 1 }],
  },
  { title: 'knows no ranges', server: [{ on: ANY_FILE, does: { kind: 'ignore-range' } }] },
  { title: 'has no ETags', server: [{ on: ANY_FILE, does: { kind: 'etag', etag: undefined } }] },
  { title: 'announces no lengths', server: [{ on: ANY_FILE, does: { kind: 'chunked', surplus: 0 } }] },
  {
    title: 'has moved the policy',
    server: [{ on: POLICY, does: { kind: 'redirect', to: '/moved/policy.json' } }],
  },
];
