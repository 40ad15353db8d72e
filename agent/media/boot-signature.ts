// Which authorities signed a boot manager, read from its attribute certificate table. It tells what the file claims: firmware verifies, we do not.
// Source: Microsoft, "PE Format" (The Attribute Certificate Table); UEFI 2.10 section 32.2.4 (WIN_CERTIFICATE); RFC 5652 (SignedData).
import { childAt, childrenOf, commonNameOf, type DerElement, oidHex, readDer, TAG, timeOf } from './der.ts';

/** The two that Windows boot managers are signed by; `other`: a boot manager of another maker or of one's own. */
export type BootAuthority = 'windows-2011' | 'windows-2023' | 'other';

export interface BootSignature {
  readonly authority: BootAuthority;
  /** Common names: who issued the signer's certificate, which is what the firmware's db and dbx name, and the signer. */
  readonly issuer: string;
  readonly signer: string;
  /** When the issuer's certificate expires, where the signature carries it. */
  readonly issuerExpires?: string;
}

/** A file may have several signatures; firmware takes it when it trusts one and has revoked none of those it looks at. */
export type BootSignatures =
  | { readonly kind: 'signed'; readonly signatures: readonly BootSignature[] }
  | { readonly kind: 'unsigned' }
  | { readonly kind: 'unreadable'; readonly why: string };

/** Names as Microsoft's certificates bear them: KB5025885, KB5062713. */
export const AUTHORITY_NAMES: ReadonlyMap<string, BootAuthority> = new Map([
  ['Microsoft Windows Production PCA 2011', 'windows-2011'],
  ['Windows UEFI CA 2023', 'windows-2023'],
]);

/** Boot managers have 2 to 3 MB. */
export const BOOT_PROGRAM_MAX_BYTES = 32 * 1024 * 1024;

const SECURITY_DIRECTORY = 4;
const MOST_SIGNATURES = 16;
/** Chains have three, and each time stamp brings some more. */
const MOST_CERTIFICATES = 64;
const MOST_SIGNERS = 16;
const PKCS_SIGNED_DATA = 2;
/** `1.2.840.113549.1.7.2` */
const SIGNED_DATA = '2a864886f70d010702';

/** Pure. @param bytes the whole file. Never throws, whatever the bytes are. */
export function bootSignatures(bytes: Uint8Array): BootSignatures {
  try {
    const signatures = certificateEntries(bytes).flatMap(signersOf);
    return signatures.length === 0 ? { kind: 'unsigned' } : { kind: 'signed', signatures };
  } catch (thrown) {
    if (thrown instanceof RangeError) return { kind: 'unreadable', why: thrown.message };
    throw thrown;
  }
}

/** @returns the SignedData of each entry of the table. The directory holds a file offset, not an address: the table is not loaded. */
function certificateEntries(bytes: Uint8Array): readonly Uint8Array[] {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.length < 0x40 || file.readUInt16LE(0) !== 0x5a4d) throw new RangeError('no PE file');
  const pe = file.readUInt32LE(0x3c);
  if (file.readUInt32LE(pe) !== 0x0000_4550) throw new RangeError('no PE file');
  const optional = pe + 24;
  const directories = optional + (file.readUInt16LE(optional) === 0x20b ? 112 : 96);
  if (file.readUInt32LE(directories - 4) <= SECURITY_DIRECTORY) return [];
  const start = file.readUInt32LE(directories + SECURITY_DIRECTORY * 8);
  const end = start + file.readUInt32LE(directories + SECURITY_DIRECTORY * 8 + 4);
  if (start === 0 || end === start) return [];
  if (end > file.length)
    throw new RangeError(`the certificate table ends at ${end}, the file at ${file.length}`);
  const entries: Uint8Array[] = [];
  for (let at = start; at + 8 <= end; ) {
    const length = file.readUInt32LE(at);
    if (length < 8 || at + length > end)
      throw new RangeError(`an entry of the certificate table has ${length} bytes`);
    if (entries.length >= MOST_SIGNATURES) throw new RangeError(`more than ${MOST_SIGNATURES} signatures`);
    if (file.readUInt16LE(at + 6) === PKCS_SIGNED_DATA) entries.push(file.subarray(at + 8, at + length));
    // Entries begin at multiples of eight.
    at += Math.ceil(length / 8) * 8;
  }
  return entries;
}

interface Certificate {
  readonly serial: Uint8Array;
  readonly issuer: DerElement;
  readonly subject: DerElement;
  readonly expires: string | undefined;
}

function signersOf(entry: Uint8Array): readonly BootSignature[] {
  const [type, content] = childrenOf(readDer(entry));
  if (type === undefined || content === undefined || oidHex(type) !== SIGNED_DATA)
    throw new RangeError('an entry of the certificate table holds no SignedData');
  const parts = childrenOf(childAt(childrenOf(content), 0, TAG.sequence));
  const bag = parts.find(part => part.tag === TAG.context0);
  const inBag = bag === undefined ? [] : childrenOf(bag).filter(isCertificate);
  if (inBag.length > MOST_CERTIFICATES) throw new RangeError(`more than ${MOST_CERTIFICATES} certificates`);
  const certificates = inBag.map(certificateOf);
  // After version, algorithms, content, certificates and revocation lists.
  const signers = parts.at(-1);
  if (signers?.tag !== TAG.set) throw new RangeError('SignedData without signers');
  const all = childrenOf(signers);
  if (all.length > MOST_SIGNERS) throw new RangeError(`more than ${MOST_SIGNERS} signers`);
  return all.map(signer => signatureOf(signer, certificates));
}

/** Other kinds in the bag are tagged `[0]` to `[3]`. */
function isCertificate({ tag }: DerElement): boolean {
  return tag === TAG.sequence;
}

function certificateOf(certificate: DerElement): Certificate {
  const body = childrenOf(childAt(childrenOf(certificate), 0, TAG.sequence));
  // Version 1 certificates have no version.
  const first = body[0]?.tag === TAG.context0 ? 1 : 0;
  const [, expires] = childrenOf(childAt(body, first + 3, TAG.sequence));
  return {
    serial: childAt(body, first, TAG.integer).content,
    issuer: childAt(body, first + 2, TAG.sequence),
    subject: childAt(body, first + 4, TAG.sequence),
    expires: expires && timeOf(expires),
  };
}

/** The signer is named by the issuer's name and a serial number; the issuer itself is found by its name. */
function signatureOf(signer: DerElement, certificates: readonly Certificate[]): BootSignature {
  const [name, serial] = childrenOf(childAt(childrenOf(signer), 1, TAG.sequence));
  if (name === undefined || serial === undefined) throw new RangeError('a signer without a name');
  const leaf = certificates.find(
    ({ issuer, serial: number }) => isSame(issuer.whole, name.whole) && isSame(number, serial.content),
  );
  const authority = certificates.find(({ subject }) => isSame(subject.whole, name.whole));
  const issuer = commonNameOf(name) ?? '';
  return {
    authority: AUTHORITY_NAMES.get(issuer) ?? 'other',
    issuer,
    signer: (leaf && commonNameOf(leaf.subject)) ?? '',
    ...(authority?.expires !== undefined && { issuerExpires: authority.expires }),
  };
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
