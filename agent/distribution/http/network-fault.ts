// Names what went wrong below HTTP, by the codes of Node, OpenSSL and undici.
import { Fault } from '../../fault/fault.ts';
import { NotHttp, ProxyRefusal } from './http-errors.ts';
import { proxyFault } from './judge.ts';

/**
 * @param thrown what the client threw
 * @param phase before the head of the answer, or while its body came
 * @returns NET-12 for a certificate, NET-04 for an answer that is not HTTP, NET-03 for a proxy that refuses, NET-01 for no connection or none that answered, NET-06 for a body cut short
 */
export function networkFault(thrown: unknown, subject: string, phase: 'head' | 'body'): Fault {
  if (thrown instanceof Fault) return thrown;
  const codes = codesOf(thrown);
  const native = codes.join(', ') || undefined;
  const options = { cause: thrown };
  if (thrown instanceof ProxyRefusal) return proxyFault(thrown.status, subject, options);
  if (codes.some(isCertificateCode)) return new Fault('NET-12', subject, { native }, options);
  if (phase === 'body') return new Fault('NET-06', subject, { native }, options);
  if (thrown instanceof NotHttp || codes.some(code => NOT_HTTP.has(code)))
    return new Fault('NET-04', subject, { native }, options);
  return new Fault('NET-01', subject, { native }, options);
}

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

/** The codes of an error, its causes and, where several addresses were tried (happy eyeballs), of each. */
function codesOf(thrown: unknown): string[] {
  const codes: string[] = [];
  const pending: unknown[] = [thrown];
  for (let looked = 0; pending.length > 0 && looked < 16; looked++) {
    const error = pending.shift();
    if (!(error instanceof Error)) continue;
    if ('code' in error && typeof error.code === 'string' && !codes.includes(error.code))
      codes.push(error.code);
    if (error instanceof AggregateError) pending.push(...error.errors);
    pending.push(error.cause);
  }
  return codes;
}
