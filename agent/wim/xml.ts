// A reader of the small XML that WIM files carry: elements, attributes, text. Strict and capped, because the file may be hostile:
// no document types, no processing instructions, no entities but the five of XML itself and character numbers.

/** One element. `text` is all text directly inside it, entities resolved. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

const DEEPEST = 16;
const MOST_ELEMENTS = 200_000;
const NAME = /[A-Za-z_][A-Za-z0-9_.:-]*/y;
const SPACE = /[ \t\r\n]*/y;

/** @returns the root element. @throws SyntaxError saying what was found and at which character. */
export function parseXml(text: string): XmlElement {
  const reader = new Reader(text);
  reader.skipSpace();
  const root = reader.element(1);
  reader.skipSpace();
  if (!reader.atEnd()) reader.fail('text after the root element');
  return root;
}

/** The first child element of that name. */
export function childOf(element: XmlElement, name: string): XmlElement | undefined {
  return element.children.find(child => child.name === name);
}

/** The text at a path of element names, trimmed; undefined when an element is absent or the text is empty. */
export function textAt(element: XmlElement, ...path: readonly string[]): string | undefined {
  let found: XmlElement | undefined = element;
  for (const name of path) found = found && childOf(found, name);
  const text = found?.text.trim();
  return text === '' ? undefined : text;
}

/** The cursor over one text; it lives only while that text is parsed. */
class Reader {
  private at = 0;
  private elements = 0;
  private readonly source: string;

  constructor(source: string) {
    this.source = source;
  }

  fail(what: string): never {
    throw new SyntaxError(`XML: ${what} at character ${this.at}`);
  }

  atEnd(): boolean {
    return this.at >= this.source.length;
  }

  skipSpace(): void {
    this.match(SPACE);
  }

  element(depth: number): XmlElement {
    if (depth > DEEPEST) this.fail(`elements nested deeper than ${DEEPEST}`);
    this.elements += 1;
    if (this.elements > MOST_ELEMENTS) this.fail(`more than ${MOST_ELEMENTS} elements`);
    this.expect('<');
    const name = this.match(NAME) || this.fail('no element name');
    const attributes = this.attributes();
    if (this.take('/>')) return { name, attributes, children: [], text: '' };
    this.expect('>');
    const children: XmlElement[] = [];
    const texts: string[] = [];
    for (;;) {
      const open = this.source.indexOf('<', this.at);
      if (open < 0) this.fail(`<${name}> is not closed`);
      texts.push(this.resolve(this.source.slice(this.at, open)));
      this.at = open;
      if (this.take('</')) break;
      if (this.take('<!--')) this.skipComment();
      else children.push(this.element(depth + 1));
    }
    if (!this.take(name)) this.fail(`<${name}> closed by another name`);
    this.skipSpace();
    this.expect('>');
    return { name, attributes, children, text: texts.join('') };
  }

  private attributes(): ReadonlyMap<string, string> {
    const attributes = new Map<string, string>();
    for (;;) {
      this.skipSpace();
      const name = this.match(NAME);
      if (name === '') return attributes;
      if (attributes.has(name)) this.fail(`attribute ${name} given twice`);
      this.skipSpace();
      this.expect('=');
      this.skipSpace();
      const quote = this.take('"') ? '"' : this.take("'") ? "'" : this.fail('attribute without quotes');
      const end = this.source.indexOf(quote, this.at);
      if (end < 0) this.fail('attribute not closed');
      attributes.set(name, this.resolve(this.source.slice(this.at, end)));
      this.at = end + 1;
    }
  }

  private skipComment(): void {
    const end = this.source.indexOf('-->', this.at);
    if (end < 0) this.fail('comment not closed');
    this.at = end + 3;
  }

  private resolve(raw: string): string {
    if (!raw.includes('&')) return raw;
    return raw.replaceAll(/&([^;&]*);?/g, (whole, name: string) => {
      const known = whole.endsWith(';') ? entity(name) : undefined;
      return known ?? this.fail(`entity ${JSON.stringify(whole.slice(0, 20))} is not allowed`);
    });
  }

  private expect(text: string): void {
    if (!this.take(text)) this.fail(`${JSON.stringify(text)} expected`);
  }

  private take(text: string): boolean {
    if (!this.source.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }

  private match(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.source)?.[0] ?? '';
    this.at += found.length;
    return found;
  }
}

function entity(name: string): string | undefined {
  switch (name) {
    case 'lt':
      return '<';
    case 'gt':
      return '>';
    case 'amp':
      return '&';
    case 'quot':
      return '"';
    case 'apos':
      return "'";
  }
  const number = /^#(?:x([0-9A-Fa-f]{1,6})|([0-9]{1,7}))$/.exec(name);
  if (!number) return undefined;
  const code = number[1] ? Number.parseInt(number[1], 16) : Number.parseInt(number[2]!, 10);
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
}
