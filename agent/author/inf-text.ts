// An INF file as its sections and entries: encodings, comments, quotes, continued lines and string tokens, and nothing of what they mean.
// Source: Microsoft, "General Syntax Rules for INF Files" and "INF Strings Section".

/** One entry: `key = field, field`; without `=` there is no key. Quotes are gone, string tokens stand as written. */
export interface InfEntry {
  readonly key?: string;
  readonly fields: readonly string[];
}

export interface InfText {
  /** Entries of the section of that name, in whatever case; sections of one name count as one. undefined when there is none. */
  section(name: string): readonly InfEntry[] | undefined;
  /** Replaces each `%token%` by its string; a token that the file does not define stays. */
  expand(text: string): string;
}

/** Longer strings are texts for people (licences, descriptions) and no part of an ID or a name. */
const STRING_MAX = 1024;

/** Any bytes can be read; what is no INF file comes out without sections. Takes time and memory in proportion to `bytes`. */
export function readInf(bytes: Uint8Array): InfText {
  const sections = sectionsOf(decoded(bytes));
  const strings = stringsOf(sections);
  return {
    section: name => sections.get(name.toLowerCase()),
    expand: text =>
      text.replaceAll(/%([^%]*)%/g, (whole, token: string) =>
        token === '' ? '%' : (strings.get(token.toLowerCase()) ?? whole),
      ),
  };
}

/** By byte order mark, else UTF-16 where every other byte is a zero, else UTF-8, else the ANSI code page of Western Europe: IDs are ASCII anyway. */
function decoded(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0))
    return new TextDecoder('utf-16le').decode(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    // Not UTF-8, so of a time or tool that wrote ANSI.
    return new TextDecoder('windows-1252').decode(bytes);
  }
}

function sectionsOf(text: string): ReadonlyMap<string, readonly InfEntry[]> {
  const sections = new Map<string, InfEntry[]>();
  let current: InfEntry[] | undefined;
  let entry = new OpenEntry();
  for (const line of text.split(/\r\n|\r|\n/)) {
    if (entry.isEmpty && /^\s*\[/.test(line)) {
      const name = nameOf(line);
      current = sections.get(name) ?? [];
      sections.set(name, current);
      continue;
    }
    if (entry.take(line) === 'continues') continue;
    const done = entry.close();
    if (done !== undefined) current?.push(done);
    entry = new OpenEntry();
  }
  const last = entry.close();
  if (last !== undefined) current?.push(last);
  return sections;
}

function nameOf(line: string): string {
  const start = line.indexOf('[') + 1;
  const end = line.indexOf(']', start);
  return line
    .slice(start, end < 0 ? undefined : end)
    .replaceAll('"', '')
    .trim()
    .toLowerCase();
}

/** An entry while its lines are read. Blanks around a field do not count, those in quotes do. */
class OpenEntry {
  #key: string | undefined;
  readonly #fields: string[] = [];
  #field = '';
  /** Length of the field up to its last character that is no blank or was in quotes. */
  #solid = 0;
  #isTouched = false;

  get isEmpty(): boolean {
    return !this.#isTouched;
  }

  /** A backslash at the end continues the entry on the next line; quotes end with their line. */
  take(line: string): 'continues' | 'ends' {
    let isQuoted = false;
    let isContinued = false;
    for (let at = 0; at < line.length; at++) {
      const character = line[at]!;
      if (isQuoted) {
        if (character !== '"') this.#add(character);
        else if (line[at + 1] === '"') this.#add(line[at++]!);
        else isQuoted = false;
        continue;
      }
      if (character === ';') break;
      const isBlank = character.trim() === '';
      if (isBlank && this.#field === '') continue;
      if (!isBlank) isContinued = character === '\\' && /^\s*(;|$)/.test(line.slice(at + 1, at + 200));
      if (isContinued) break;
      if (character === '"') {
        isQuoted = true;
        this.#isTouched = true;
      } else if (character === ',') this.#next();
      else if (character === '=' && this.#key === undefined && this.#fields.length === 0) {
        this.#key = this.#taken();
        this.#isTouched = true;
      } else this.#add(character, isBlank);
    }
    return isContinued ? 'continues' : 'ends';
  }

  close(): InfEntry | undefined {
    if (!this.#isTouched) return undefined;
    this.#next();
    return { ...(this.#key === undefined ? {} : { key: this.#key }), fields: this.#fields };
  }

  #add(character: string, isBlank = false): void {
    this.#field += character;
    this.#isTouched = true;
    if (!isBlank) this.#solid = this.#field.length;
  }

  #next(): void {
    this.#fields.push(this.#taken());
    this.#isTouched = true;
  }

  #taken(): string {
    const field = this.#field.slice(0, this.#solid);
    this.#field = '';
    this.#solid = 0;
    return field;
  }
}

/** `[Strings]` counts before its translations (`[Strings.0407]`), which matter where it lacks a token. */
function stringsOf(sections: ReadonlyMap<string, readonly InfEntry[]>): ReadonlyMap<string, string> {
  const strings = new Map<string, string>();
  const names = [...sections.keys()].filter(name => name === 'strings' || name.startsWith('strings.'));
  for (const name of names.sort()) {
    for (const { key, fields } of sections.get(name) ?? []) {
      const text = fields.join(',');
      if (key === undefined || text.length > STRING_MAX) continue;
      if (!strings.has(key.toLowerCase())) strings.set(key.toLowerCase(), text);
    }
  }
  return strings;
}
