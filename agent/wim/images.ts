// The images of a WIM as its XML names them.
import { Fault } from '../fault/fault.ts';
import { childOf, parseXml, textAt, type XmlElement } from './xml.ts';

/** One image; fields that the XML does not give are undefined. `totalBytes` is what its files take on the target, roughly. */
export interface WimImage {
  readonly index: number;
  readonly name: string;
  readonly description?: string;
  readonly architecture?: 'x86' | 'x64' | 'arm64' | 'unknown';
  /** `26100` or `26100.1742` when the XML has the service pack's build. */
  readonly build?: string;
  readonly edition?: string;
  readonly totalBytes?: number;
  readonly fileCount?: number;
  /** When it was captured, as ISO text with whole seconds. */
  readonly created?: string;
}

/** Cap on the XML before it is parsed; Microsoft's largest media stay under 100 KB. */
export const XML_MAX_BYTES = 16 * 1024 * 1024;

/** winnt.h PROCESSOR_ARCHITECTURE_* */
const ARCHITECTURES: ReadonlyMap<string, WimImage['architecture']> = new Map([
  ['0', 'x86'],
  ['9', 'x64'],
  ['12', 'arm64'],
]);

/**
 * Decodes the XML resource: UTF-16LE with or without a byte order mark. Images come back in the order of their index.
 * @throws Fault IMAGE-02 when it is not well formed, or its images are not numbered 1 to `imageCount`.
 */
export function decodeImages(bytes: Uint8Array, imageCount: number, subject: string): readonly WimImage[] {
  const text = Buffer.from(bytes)
    .toString('utf16le')
    .replace(/^\uFEFF/, '')
    .replace(/\0+$/, '');
  let root: XmlElement;
  try {
    root = parseXml(text);
  } catch (cause) {
    throw new Fault(
      'IMAGE-02',
      subject,
      { expected: 'well-formed XML', found: cause instanceof Error ? cause.message : undefined },
      { cause },
    );
  }
  if (root.name !== 'WIM')
    throw new Fault('IMAGE-02', subject, { expected: '<WIM>', found: `<${root.name}>` });
  const images = root.children.filter(child => child.name === 'IMAGE').map(image);
  images.sort((a, b) => a.index - b.index);
  const numbered = images.every((each, position) => each.index === position + 1);
  if (!numbered || images.length !== imageCount) {
    throw new Fault('IMAGE-02', subject, {
      expected: `images 1 to ${imageCount} in the XML`,
      found: images.map(each => String(each.index)),
    });
  }
  return images;
}

function image(element: XmlElement): WimImage {
  const windows = childOf(element, 'WINDOWS');
  const architecture = windows && textAt(windows, 'ARCH');
  const build = windows && textAt(windows, 'VERSION', 'BUILD');
  const revision = windows && textAt(windows, 'VERSION', 'SPBUILD');
  return {
    index: wholeNumber(element.attributes.get('INDEX')) ?? 0,
    name: textAt(element, 'NAME') ?? '',
    description: textAt(element, 'DESCRIPTION'),
    architecture: architecture === undefined ? undefined : (ARCHITECTURES.get(architecture) ?? 'unknown'),
    build: build === undefined ? undefined : [build, revision].filter(part => part !== undefined).join('.'),
    edition: windows && textAt(windows, 'EDITIONID'),
    totalBytes: wholeNumber(textAt(element, 'TOTALBYTES')),
    fileCount: wholeNumber(textAt(element, 'FILECOUNT')),
    created: timeOf(element),
  };
}

/** Between 1601, where FILETIME begins, and 1970. */
const FILETIME_TO_UNIX_MS = 11_644_473_600_000n;

/** The latest moment that a Date holds as a year of four digits. */
const LATEST_MS = 253_402_300_799_999n;

/** CREATIONTIME: a FILETIME (100 ns since 1601) in two halves, hexadecimal. */
function timeOf(element: XmlElement): string | undefined {
  const halves = ['HIGHPART', 'LOWPART'].map(part => textAt(element, 'CREATIONTIME', part) ?? '');
  const [high = '', low = ''] = halves;
  if (!halves.every(half => /^0x[0-9A-Fa-f]{1,8}$/.test(half))) return undefined;
  const ms = ((BigInt(high) << 32n) | BigInt(low)) / 10_000n - FILETIME_TO_UNIX_MS;
  if (ms < 0n || ms > LATEST_MS) return undefined;
  return `${new Date(Number(ms)).toISOString().slice(0, 19)}Z`;
}

function wholeNumber(text: string | undefined): number | undefined {
  const value = text !== undefined && /^[0-9]{1,16}$/.test(text) ? Number(text) : undefined;
  return value !== undefined && Number.isSafeInteger(value) ? value : undefined;
}
