// A server that wants a client certificate says so in one of three ways: by an alert of TLS, by closing the connection, or by a page with status 400.
import { Fault } from '../../fault/fault.ts';
import type { Exchange } from './exchange.ts';
import { machinesOf, type Way } from './way.ts';

/** What is read of a page at the most, and for how long. That of nginx has 237 bytes. */
const PAGE = { bytes: 4096, ms: 1000 };

/** What the author of agent.yaml can do about it. */
export function certificateWanted({ asked, isRedirected, showsCertificate }: Way): string {
  if (showsCertificate)
    return 'another client certificate in clientCertificates of agent.yaml for this server';
  // The address of the source has an origin of its own, to which alone its certificate is shown.
  if (isRedirected)
    return `${asked.origin} itself as address, with a client certificate in clientCertificates of agent.yaml: none is shown to where a redirect leads`;
  return 'a client certificate in clientCertificates of agent.yaml for this server';
}

/**
 * Alerts by which a server says what it thinks of the client's certificate (RFC 8446 section 6.2), as Node's OpenSSL names them. `decrypt_error` comes
 * from one whose authority has been renewed under its old name.
 */
export function isCertificateAlert(code: string): boolean {
  return /^ERR_SSL_.*_ALERT_(CERTIFICATE_(REQUIRED|REVOKED|EXPIRED|UNKNOWN)|(BAD|UNSUPPORTED)_CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|DECRYPT_ERROR)$/.test(
    code,
  );
}

/** Of TLS 1.2, which has no other word for a certificate that was not sent (RFC 5246 section 7.4.6), nor for ciphers that do not fit. */
export function isHandshakeAlert(code: string): boolean {
  return /^ERR_SSL_.*_ALERT_HANDSHAKE_FAILURE$/.test(code);
}

/**
 * Passes every other answer; of the page of a 400 the beginning is read then.
 * Faults: NET-03.
 */
export async function refuseWantOfCertificate(
  exchange: Exchange,
  subject: string,
  wayOf: () => Way,
): Promise<void> {
  const { status } = exchange;
  if (status < 400) return;
  const way = wayOf();
  if (way.asked.protocol !== 'https:') return;
  // nginx calls them 495 and 496 inwardly, and sends 400 unless it is told otherwise (ngx_http_special_response.c).
  const isWanted = status === 495 || status === 496;
  if (!isWanted && (status !== 400 || !/\b(ssl|tls|client) certificate\b/i.test(await beginningOf(exchange))))
    return;
  exchange.discard();
  throw new Fault('NET-03', subject, { status, expected: certificateWanted(way), ...machinesOf(way) });
}

/** As much of it as comes in time. */
async function beginningOf({ bytes }: Exchange): Promise<string> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), PAGE.ms);
  const pieces = bytes[Symbol.asyncIterator]();
  let text = '';
  try {
    while (text.length < PAGE.bytes) {
      const next = await Promise.race([pieces.next(), late]);
      if (next === undefined || next.done) break;
      text += Buffer.from(next.value.subarray(0, PAGE.bytes - text.length)).toString('latin1');
    }
  } catch {
    // The status has been told: a page that breaks is as good as one that is short.
  } finally {
    clearTimeout(timer);
  }
  return text;
}
