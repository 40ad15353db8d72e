// The XML by which an image of a WIM gets its name and description.

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** Characters that XML 1.0 cannot hold in any spelling (https://www.w3.org/TR/xml/#charsets), lone surrogates among them. */
const IMPOSSIBLE =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** @returns an `<IMAGE>` element as WIMSetImageInformation takes it for the handle of an image: "the memory representation of a Unicode XML file", with its byte order mark. */
export function imageInformation({
  name,
  description,
}: {
  readonly name: string;
  readonly description?: string;
}): string {
  const described = description === undefined ? '' : element('DESCRIPTION', description);
  return `\ufeff<IMAGE>${element('NAME', name)}${described}</IMAGE>`;
}

function element(name: string, text: string): string {
  const escaped = text.replace(IMPOSSIBLE, '\ufffd').replace(/[&<>]/g, found => ESCAPES[found] ?? found);
  return `<${name}>${escaped}</${name}>`;
}
