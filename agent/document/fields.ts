// Fields that several documents share, each with the phrase that completes "expected ...".
import { z } from 'zod';

/** Text of a pattern, with the phrase that completes "expected ...". */
export function wording(pattern: RegExp, phrase: string): z.ZodString {
  return z.string(phrase).regex(pattern, phrase);
}

/** A moment in UTC, as signed documents write it. */
export const utcTime = z.iso.datetime({ error: 'a time in UTC such as 2026-01-31T08:00:00Z' });

/** Three letters or digits, as Configuration Manager names a site. */
export const siteCode = wording(/^[A-Z0-9]{3}$/, 'a site code of three letters or digits, such as CON');

const NO_ADDRESS = 'expected a URL with a host name, and a port up to 65535';

/** A port of six digits, or a host that no address can have, has the form and is none. */
function isAddress(text: string): boolean {
  return URL.canParse(text);
}

/** Where a distribution or management point is. Credentials never stand in an address. */
export const serverUrl = wording(
  /^https?:\/\/[^\s/@?#]+(\/[^\s?#]*)?$/,
  'a URL (https://host/path) without user name and password',
).refine(isAddress, NO_ADDRESS);

/** As serverUrl, in documents of which credentials are taken out before anything is made of them (author/media-accounts.ts). */
export const authoredServerUrl = wording(
  /^https?:\/\/([^\s/@?#]+@)?[^\s/@?#]+(\/[^\s?#]*)?$/,
  'a URL (https://host/path)',
).refine(isAddress, NO_ADDRESS);

/** A distribution point: a web address, a file: URL, a share, a folder by its absolute path, or by the label of its volume. */
export const sourceAddress = wording(
  /^(https?:\/\/[^\s/@?#]+(\/[^\s?#]*)?|file:\/\/\S+|\\\\[^\\/]+\\.+|\/.+|[A-Za-z]:[\\/].+|volume:(?!\.{1,2}(\/|$))[^\\/"*:<>?|]{1,32}(\/(?!\.{1,2}(\/|$))[^\\/"*:<>?|]+)*)$/,
  'a URL, share or volume (https://host/path, \\\\server\\share, volume:LABEL/folder) without user name and password',
).refine(text => !/^(https?|file):/.test(text) || isAddress(text), NO_ADDRESS);

/** As sourceAddress, in those documents. */
const authoredSourceAddress = wording(
  /^(https?:\/\/([^\s/@?#]+@)?[^\s/@?#]+(\/[^\s?#]*)?|file:\/\/\S+|\\\\[^\\/]+\\.+|\/.+|[A-Za-z]:[\\/].+|volume:(?!\.{1,2}(\/|$))[^\\/"*:<>?|]{1,32}(\/(?!\.{1,2}(\/|$))[^\\/"*:<>?|]+)*)$/,
  'a URL, share or volume (https://host/path, \\\\server\\share, volume:LABEL/folder)',
).refine(text => !/^(https?|file):/.test(text) || isAddress(text), NO_ADDRESS);

/**
 * How another kind of distribution point names a file of content below its address: placeholders in a path that leads nowhere else. A `?` is
 * Configuration Manager's own (`{id}/sccm?/{path}`).
 */
export const addressTemplate = wording(
  /^(?!.*(^|\/)\.{1,2}(\/|$))(?:[^{}#\\\p{Cc}]|\{id\}|\{version\})*\{id\}(?:[^{}#\\\p{Cc}]|\{id\}|\{version\})*\{path\}$/u,
  'a path with {id} that ends with {path}, such as SMS_DP_SMSPKG$/{id}/{path}',
).max(256);

/** One distribution point; the lower priority is asked first. */
export const distributionPoint = z.strictObject({
  url: sourceAddress,
  priority: z.int().min(0).max(1000).default(10),
  template: addressTemplate.optional().meta({
    description:
      'Where the point has files of content, in place of the layout of this site: then it is asked for nothing else, and manifests come from another point. {id}, {version} and {path} are replaced.',
  }),
});

/** As people write it: the address may hold an account, which does not stay there. */
export const authoredDistributionPoint = distributionPoint.extend({ url: authoredSourceAddress });

/** One line of text for people. */
export const shortText = z.string().min(1, 'text that is not empty').max(256);

/** Name of a task-sequence variable; case does not tell two apart. */
export const variableName = wording(
  /^[A-Za-z_][A-Za-z0-9_-]{0,255}$/,
  'a variable name of letters, digits, _ and -',
);

/** Task-sequence variables by name. Values are text: YAML numbers need quotes. */
export const variables = z.record(variableName, z.string().max(8192));

/** A UUID as firmware has it: any 128 bits, which need not follow RFC 9562. */
export const smbiosUuid = wording(
  /^\{?[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}?$/,
  'an SMBIOS UUID such as 4C4C4544-0042-4810-8051-B4C04F4E3132',
);

/** A MAC address with `:`, `-`, `.` or nothing between its digits. */
export const macAddress = wording(
  /^([0-9A-Fa-f]{2}([:-]?[0-9A-Fa-f]{2}){5}|[0-9A-Fa-f]{4}(\.[0-9A-Fa-f]{4}){2})$/,
  'a MAC address such as 00:11:22:33:44:55',
);
