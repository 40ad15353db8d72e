// Judges the head of an answer before a byte of its body is used: which answers carry the bytes asked for, and the name of every other.
// Pure, so that each rule can be shown by a table.
import { type Detail, Fault } from '../../fault/fault.ts';
import type { ByteRange } from '../source.ts';
import { parseContentRange } from './content-range.ts';

/** Status and headers (names in lower case) of one answer. */
export interface AnswerHead {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** What was asked. `subject` is the address for people. */
export interface Asked {
  readonly subject: string;
  readonly expectedSize: number;
  readonly range?: ByteRange;
  readonly validator?: string;
}

/** A 200 or 206 that answers a request for (part of) a file. Returns its validator; throws a NET fault for every other answer. */
export function judgeFileAnswer(answer: AnswerHead, asked: Asked): { readonly validator?: string } {
  judgeStatus(answer, asked.subject);
  const validator = validatorOf(answer);
  if (answer.status === 206) judgePart(answer, asked);
  else judgeWhole(answer, asked, validator);
  // A server may honour If-Range and still answer with another file's tag (a proxy that joins two caches): then nothing is mixed either.
  if (asked.validator !== undefined && validator !== undefined && validator !== asked.validator) {
    throw new Fault('NET-11', asked.subject, { expected: asked.validator, found: validator });
  }
  return validator === undefined ? {} : { validator };
}

/** A 200 that answers a request for a document. Throws NET faults, and TRUST-08 when it announces more than `maxBytes`. */
export function judgeDocumentAnswer(answer: AnswerHead, subject: string, maxBytes: number): void {
  judgeStatus(answer, subject);
  if (answer.status !== 200)
    throw new Fault('NET-08', subject, { status: answer.status, expected: 'status 200' });
  refusePage(answer, subject);
  refuseEncoding(answer, subject);
  const length = lengthOf(answer);
  if (length !== undefined && length > maxBytes)
    throw new Fault('TRUST-08', subject, { expected: `at most ${maxBytes} bytes`, found: length });
}

/** What who is refused lacks. A proxy and the server behind it want different accounts. */
const REFUSED = {
  401: 'an account for this server (or for the proxy: some answer 401 to a wrong password), by its address: in the file that `credentials` of agent.yaml names, or under accounts of media with a password',
  403: 'an account, or a client certificate (clientCertificates of agent.yaml), that may read here',
  407: 'an account for the proxy, by its address: in the file that `credentials` of agent.yaml names, or under accounts of media with a password',
} as const;

/**
 * What a proxy that makes no tunnel to a server answers. 407: it wants an account, and 401 another one (tinyproxy); 403: it does not let this address
 * through; else there is no way to the server behind it.
 * @param machines names the proxy
 */
export function proxyFault(
  status: number,
  subject: string,
  machines: Detail,
  options: { readonly cause?: unknown },
): Fault {
  if (status === 407 || status === 401)
    return new Fault('NET-03', subject, { status, expected: REFUSED[407], ...machines }, options);
  if (status === 403)
    return new Fault(
      'NET-03',
      subject,
      {
        status,
        found: 'the proxy',
        expected: 'a proxy that lets this address through, or the address in noProxy of agent.yaml',
        ...machines,
      },
      options,
    );
  return new Fault(
    'NET-01',
    subject,
    { status, found: 'the proxy does not reach the server', ...machines },
    options,
  );
}

/**
 * The answer to a post. A page in place of an answer is a portal's: it would say that it has taken what it did not even read. An empty one is no page.
 */
export function judgePostAnswer(answer: AnswerHead, subject: string): void {
  if (answer.status >= 200 && answer.status < 300 && answer.status !== 204 && lengthOf(answer) !== 0)
    refusePage(answer, subject);
}

/** Everything but 200 and 206 is a fault of its own. */
function judgeStatus({ status, headers }: AnswerHead, subject: string): void {
  if (status === 200 || status === 206) return;
  if (status === 404 || status === 410) throw new Fault('NET-02', subject, { status });
  if (status === 401 || status === 403 || status === 407)
    throw new Fault('NET-03', subject, { status, expected: REFUSED[status] });
  if (status === 416) throw new Fault('NET-08', subject, { status, contentRange: headers['content-range'] });
  throw new Fault('NET-04', subject, { status, retryAfterMs: retryAfterMs(headers) });
}

function judgePart(answer: AnswerHead, { subject, range, expectedSize }: Asked): void {
  refuseEncoding(answer, subject);
  const expected = range ? `bytes ${range.start}-${range.end - 1}/${expectedSize}` : 'the whole file';
  const found = answer.headers['content-range'] ?? answer.headers['content-type'] ?? 'no Content-Range';
  const got = parseContentRange(answer.headers['content-range']);
  // A file of another size first: a server cuts the range of a shorter one, and that is not the range's fault.
  if (got?.size !== undefined && got?.size !== expectedSize)
    throw new Fault('NET-07', subject, { expected, found });
  if (!range || got?.start !== range.start || got.end !== range.end)
    throw new Fault('NET-08', subject, { status: 206, expected, found });
  const length = lengthOf(answer);
  if (length !== undefined && length !== range.end - range.start)
    throw new Fault('NET-08', subject, { status: 206, expected, found: `${length} bytes` });
}

function judgeWhole(answer: AnswerHead, asked: Asked, validator: string | undefined): void {
  const { subject, expectedSize } = asked;
  const length = lengthOf(answer);
  if (length === undefined ? !isPage(subject) : length !== expectedSize) refusePage(answer, subject);
  if (asked.validator !== undefined && asked.validator !== validator) {
    throw new Fault('NET-11', subject, { expected: asked.validator, found: validator ?? 'no validator' });
  }
  refuseEncoding(answer, subject);
  if (length !== undefined && length !== expectedSize)
    throw new Fault('NET-07', subject, { expected: `${expectedSize} bytes`, found: `${length} bytes` });
  if (asked.range && (asked.range.start !== 0 || asked.range.end !== expectedSize)) {
    throw new Fault('NET-08', subject, {
      status: 200,
      expected: `bytes ${asked.range.start}-${asked.range.end - 1}`,
      found: 'the whole file',
      wholeOnly: true,
    });
  }
}

/** A page in place of bytes: the sign of a captive portal, or of an error page that goes out with status 200. */
function refusePage(answer: AnswerHead, subject: string): void {
  const type = answer.headers['content-type'] ?? '';
  if (/^(text\/html|application\/xhtml\+xml)\b/i.test(type))
    throw new Fault('NET-10', subject, { contentType: type, lengthBytes: lengthOf(answer) });
}

/** A page that was asked for. Without a length only its bytes tell whether it is the right one. */
function isPage(subject: string): boolean {
  return /\.x?html?$/i.test(subject);
}

/** `identity` was asked for. Encoded bytes are not the file's bytes, and their ranges not its ranges. */
function refuseEncoding({ headers }: AnswerHead, subject: string): void {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new Fault('NET-07', subject, { expected: 'no Content-Encoding', found: encoding });
  }
}

/**
 * What ties later ranges to the same file (RFC 9110 section 13.1.5): a strong ETag; or a Last-Modified that is at least one second
 * older than the answer, since within that second the file could have changed unnoticed (section 8.8.2.2).
 */
function validatorOf({ headers }: AnswerHead): string | undefined {
  const { etag, date } = headers;
  if (etag?.startsWith('"')) return etag;
  const modified = headers['last-modified'];
  if (modified === undefined || date === undefined) return undefined;
  return Date.parse(date) - Date.parse(modified) >= 1000 ? modified : undefined;
}

function lengthOf({ headers }: AnswerHead): number | undefined {
  const text = headers['content-length'];
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** What a server may ask for at the most: whoever says more, says never. */
const LONGEST_RETRY_AFTER_MS = 24 * 3_600_000;

/** Seconds, or a date (RFC 9110 section 10.2.3) read against the server's own clock, since that of a new machine is often wrong. */
function retryAfterMs(headers: AnswerHead['headers']): number | undefined {
  const text = headers['retry-after']?.trim();
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, LONGEST_RETRY_AFTER_MS);
  // `Date.parse` takes "-1" for a date, too; HTTP's own end in GMT.
  const waitMs = text.endsWith(' GMT') ? Date.parse(text) - Date.parse(headers.date ?? '') : Number.NaN;
  return waitMs >= 0 ? Math.min(waitMs, LONGEST_RETRY_AFTER_MS) : undefined;
}
