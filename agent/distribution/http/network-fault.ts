// Names what went wrong below HTTP, by the codes of Node, OpenSSL and undici.
import { type Detail, Fault } from '../../fault/fault.ts';
import { NotHttp, ProxyRefusal } from './http-errors.ts';
import { proxyFault } from './judge.ts';
import { certificateWanted, isCertificateAlert, isHandshakeAlert } from './wanted-certificate.ts';
import { machinesOf, type Way } from './way.ts';

/**
 * @param thrown what the client threw
 * @param phase before the head of the answer, or while its body came
 * @param way whose machines are named
 * @returns NET-12 for a certificate, NET-04 for an answer that is not HTTP, NET-03 for a proxy that refuses or a server that wants a client certificate,
 * NET-01 for no connection or none that answered, NET-06 for a body cut short
 */
export function networkFault(thrown: unknown, subject: string, phase: 'head' | 'body', way: Way): Fault {
  if (thrown instanceof Fault) return thrown;
  const codes = codesOf(thrown);
  const native = codes.join(', ') || undefined;
  takeNodeAdviceFrom(thrown);
  const options = { cause: thrown };
  const facts = { native, ...machinesOf(way) };
  if (thrown instanceof ProxyRefusal) return proxyFault(thrown.status, subject, machinesOf(way), options);
  if (codes.some(isCertificateCode)) {
    const isUnknown = codes.some(isUnknownAuthority);
    return new Fault('NET-12', subject, { ...(isUnknown ? UNKNOWN_AUTHORITY : {}), ...facts }, options);
  }
  if (phase === 'body') return new Fault('NET-06', subject, facts, options);
  if (thrown instanceof NotHttp || codes.some(code => NOT_HTTP.has(code)))
    return new Fault('NET-04', subject, facts, options);
  if (codes.some(isCertificateAlert))
    return new Fault('NET-03', subject, { expected: certificateWanted(way), ...facts }, options);
  return new Fault('NET-01', subject, { ...noAnswer(codes, way), ...facts }, options);
}

/** How far it came, where that is known. */
function noAnswer(codes: readonly string[], way: Way): Detail {
  const { asked, proxy, showsCertificate, hasAnswered } = way;
  const isTls = asked.protocol === 'https:';
  if (proxy !== undefined && codes.some(code => NOT_THERE.has(code)))
    return { found: 'the proxy is not reached' };
  if (codes.some(isHandshakeAlert)) {
    const orCertificate = showsCertificate ? '' : `, or ${certificateWanted(way)}`;
    return {
      found: 'the server was reached, but does not agree to the connection',
      expected: `TLS 1.2 or 1.3 with ciphers that are not outdated${orCertificate}`,
    };
  }
  if (!codes.some(code => CLOSED.has(code))) return {};
  if (codes.includes('UND_ERR_PRX_CONN') || (proxy !== undefined && !isTls))
    return { found: 'the proxy was reached, but closed the connection before it answered' };
  const who =
    proxy === undefined ? 'the server was reached, but closed the connection' : 'the connection was closed';
  // The alert is lost when the reset overtakes it, and some servers send none. Who has answered before has another reason.
  const mayWant = isTls && !hasAnswered;
  return {
    found: `${who} before an answer came`,
    ...(mayWant ? { expected: `perhaps ${certificateWanted(way)}` } : {}),
  };
}

/** There was a connection. */
const CLOSED: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'UND_ERR_PRX_CONN', 'ECONNRESET', 'EPIPE']);

/** No connection was made: with a proxy, none to the proxy, since it alone is connected to. */
const NOT_THERE: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

/** A head that is no head: too long, or with two lengths that contradict each other. */
const NOT_HTTP: ReadonlySet<string> = new Set([
  'UND_ERR_HEADERS_OVERFLOW',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
]);

/** OpenSSL's X509_V_ERR names as Node gives them (node: src/crypto/crypto_common.cc), and Node's own for a name that does not match. */
function isCertificateCode(code: string): boolean {
  return /^(CERT_|ERR_TLS_CERT|UNABLE_TO_|SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH|PATH_LENGTH_EXCEEDED|ERROR_IN_CERT)/.test(
    code,
  );
}

/** Those that say that the chain ends at nobody whom this computer knows. */
function isUnknownAuthority(code: string): boolean {
  return /^(UNABLE_TO_(GET_ISSUER|VERIFY_LEAF)|SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED)/.test(code);
}

const UNKNOWN_AUTHORITY = {
  found: 'no authority that is known here vouches for the certificate',
  expected: 'a well-known authority, or one whose certificate is among `ca` of agent.yaml',
} as const;

const NODE_ADVICE = /; if the root CA is installed locally, try running .*$/;

/** Node advises to start it with another option, which nobody can do to a single executable. */
function takeNodeAdviceFrom(thrown: unknown): void {
  for (const error of errorsOf(thrown)) {
    const message = error.message.replace(NODE_ADVICE, '');
    // Errors of the platform cannot be written to.
    if (message !== error.message) error.message = message;
  }
}

function codesOf(thrown: unknown): string[] {
  const codes = errorsOf(thrown).flatMap(error =>
    'code' in error && typeof error.code === 'string' ? [error.code] : [],
  );
  return [...new Set(codes)];
}

/** An error, its causes and, where several addresses were tried (happy eyeballs), what went wrong with each. */
function errorsOf(thrown: unknown): Error[] {
  const errors: Error[] = [];
  const pending: unknown[] = [thrown];
  for (let looked = 0; pending.length > 0 && looked < 16; looked++) {
    const error = pending.shift();
    if (!(error instanceof Error)) continue;
    errors.push(error);
    if (error instanceof AggregateError) pending.push(...error.errors);
    pending.push(error.cause);
  }
  return errors;
}
