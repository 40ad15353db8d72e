// YAML text to a typed value, or one fault that lists every mistake at once with file, line and column.
import {
  type Document,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
  type YAMLError,
  type YAMLMap,
} from 'yaml';
import type { z } from 'zod';
import { Fault } from '../fault/fault.ts';
import { type Mistake, mistakesOf, pathText } from './issue.ts';

/** Cap on a YAML document that a person wrote. */
export const YAML_MAX_BYTES = 4 * 1024 * 1024;

export type Decoded<T> =
  | {
      readonly ok: true;
      readonly value: T /** `site.yaml:12:5`, the place of what lies at a path. */;
      locate(path: readonly PropertyKey[]): string;
    }
  | { readonly ok: false; readonly issues: readonly string[] };

/** `file` is the name as the author knows it; it opens every issue. */
export interface YamlOptions {
  readonly file: string;
  readonly maxBytes?: number;
}

/** @returns the value. Fault: USAGE-02 whose `detail.issues` has one line a mistake: `site.yaml:12:5 distributionPoints[0].url: expected a URL, found 12`. */
export function decodeYaml<S extends z.ZodType>(
  bytes: Uint8Array | string,
  schema: S,
  options: YamlOptions,
): z.infer<S> {
  const decoded = tryDecodeYaml(bytes, schema, options);
  if (decoded.ok) return decoded.value;
  throw new Fault('USAGE-02', options.file, { issues: decoded.issues });
}

/** As `decodeYaml`, but answers the mistakes, so that those of several documents can be told together. */
export function tryDecodeYaml<S extends z.ZodType>(
  bytes: Uint8Array | string,
  schema: S,
  options: YamlOptions,
): Decoded<z.infer<S>> {
  const text = textOf(bytes, options.maxBytes ?? YAML_MAX_BYTES);
  if (typeof text !== 'string') return { ok: false, issues: [`${options.file}: ${text.refused}`] };
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    logLevel: 'error',
    uniqueKeys: true,
    strict: true,
  });
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const places = new Places(document, text, at);
  const found: Located[] = worthTelling(document.errors).map(error => ({
    ...at(error.pos[0]),
    text: syntaxText(error),
  }));
  const value = plainValue(document, at, found);
  const parsed = value === undefined ? undefined : schema.safeParse(value.js);
  if (parsed !== undefined && !parsed.success && value !== undefined) {
    const mistakes = parsed.error.issues.flatMap(issue => mistakesOf(issue, value.js));
    found.push(...credible(mistakes, document.errors, places).map(mistake => places.say(mistake)));
  }
  if (found.length === 0 && parsed?.success) {
    return { ok: true, value: parsed.data, locate: path => place(options.file, places.of(path, 'value')) };
  }
  const ordered = found.toSorted((a, b) => a.line - b.line || a.column - b.column);
  return {
    ok: false,
    issues: [...new Set(ordered.map(issue => `${place(options.file, issue)} ${issue.text}`))],
  };
}

interface Place {
  readonly line: number;
  readonly column: number;
}
interface Located extends Place {
  readonly text: string;
}

function place(file: string, { line, column }: Place): string {
  return `${file}:${line}:${column}`;
}

function textOf(bytes: Uint8Array | string, maxBytes: number): string | { readonly refused: string } {
  const size = typeof bytes === 'string' ? Buffer.byteLength(bytes) : bytes.byteLength;
  if (size > maxBytes) return { refused: `expected at most ${maxBytes} bytes, found ${size}` };
  if (typeof bytes === 'string') return bytes;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    // The decoder's own words name neither file nor remedy.
    return { refused: 'expected UTF-8 text; save the file as UTF-8' };
  }
}

/** The plain value; aliases that lead nowhere or unfold without end become located mistakes instead. */
function plainValue(
  document: Document.Parsed,
  at: (offset: number) => Place,
  found: Located[],
): { readonly js: unknown } | undefined {
  try {
    return { js: document.toJS({ maxAliasCount: 50 }) };
  } catch (error) {
    const aliases: Located[] = [];
    visit(document, {
      Alias: (_, alias) => {
        if (alias.resolve(document) === undefined)
          aliases.push({ ...at(alias.range?.[0] ?? 0), text: `no anchor is called ${alias.source}` });
      },
    });
    if (aliases.length > 0) found.push(...aliases);
    else if (found.length === 0)
      found.push({ line: 1, column: 1, text: error instanceof Error ? error.message : String(error) });
    return undefined;
  }
}

/** One tab makes thirty errors in the lines behind it: only the first is told, and every key that is used twice. */
function worthTelling(errors: readonly YAMLError[]): readonly YAMLError[] {
  const first = errors
    .filter(error => error.code !== 'DUPLICATE_KEY')
    .toSorted((a, b) => a.pos[0] - b.pos[0])[0];
  return errors.filter(error => error.code === 'DUPLICATE_KEY' || error === first);
}

function syntaxText(error: YAMLError): string {
  if (error.code === 'DUPLICATE_KEY') return 'key used twice in one mapping';
  return `not valid YAML: ${error.message}`;
}

/** After a syntax error the rest is a guess: keep only what lies before it. A repeated key spoils nothing. */
function credible(
  mistakes: readonly Mistake[],
  errors: readonly YAMLError[],
  places: Places,
): readonly Mistake[] {
  const spoiled = Math.min(
    ...errors.filter(error => error.code !== 'DUPLICATE_KEY').map(error => error.pos[0]),
  );
  if (spoiled === Number.POSITIVE_INFINITY) return mistakes;
  return mistakes.filter(
    mistake =>
      mistake.about !== 'absent' &&
      places.has(mistake.path) &&
      places.offset(mistake.path, mistake.about) < spoiled,
  );
}

/** Where things lie in the text of one document. */
class Places {
  readonly #document: Document.Parsed;
  readonly #text: string;
  readonly #at: (offset: number) => Place;

  constructor(document: Document.Parsed, text: string, at: (offset: number) => Place) {
    this.#document = document;
    this.#text = text;
    this.#at = at;
  }

  of(path: readonly PropertyKey[], about: Mistake['about']): Place {
    return this.#at(this.offset(path, about));
  }

  /** Whether something stands at `path`: what a parser made of a broken line is no key that anybody wrote. */
  has(path: readonly PropertyKey[]): boolean {
    let node: Node | undefined = isNode(this.#document.contents) ? this.#document.contents : undefined;
    return path.every(part => {
      const next = child(node, part);
      node = next?.value;
      return next !== undefined;
    });
  }

  /** An absent key is shown at the mapping that lacks it. */
  offset(path: readonly PropertyKey[], about: Mistake['about']): number {
    const { node, key } = this.#walk(path);
    const shown = about === 'key' ? (key ?? node) : node;
    return shown?.range?.[0] ?? 0;
  }

  say(mistake: Mistake): Located {
    const where = pathText(mistake.path);
    const found = this.#found(mistake);
    return {
      ...this.of(mistake.path, mistake.about),
      text: `${where === '' ? 'document' : where}: ${mistake.text}${found}`,
    };
  }

  /** The nearest node to `path`, and its key where it is the value of one. */
  #walk(path: readonly PropertyKey[]): { readonly node: Node | undefined; readonly key: Node | undefined } {
    let node: Node | undefined = isNode(this.#document.contents) ? this.#document.contents : undefined;
    let key: Node | undefined;
    for (const part of path) {
      const next = child(node, part);
      if (next === undefined) return { node: key !== undefined && isEmptyScalar(node) ? key : node, key };
      node = next.value ?? next.key ?? node;
      key = next.key;
    }
    return { node: isEmptyScalar(node) && key !== undefined ? key : node, key };
  }

  /** What stands there, as written, on one line and not too long. */
  #found({ path, found }: Mistake): string {
    if (found === 'not-told') return '';
    if (found !== 'as-written') return `, found ${found.count}`;
    const { node, key } = this.#walk(path);
    if (node === key) return ', found nothing';
    if (node?.range === undefined || node.range === null) return '';
    if (isMap(node)) return `, found a mapping of keys${keysText(node)}`;
    if (isSeq(node)) return ', found a list';
    const source = this.#text.slice(node.range[0], node.range[1]).trim();
    const line = source.replaceAll(/\s+/g, ' ').replaceAll(/\/\/[^/\s@]+@/g, '//***@');
    if (line === '' || (isScalar(node) && node.value === null)) return ', found nothing';
    return `, found ${line.length > 60 ? `${line.slice(0, 57)}...` : line}`;
  }
}

/** The keys tell what was meant. */
function keysText({ items }: YAMLMap): string {
  const keys = items.flatMap(({ key }) => (isScalar(key) ? [String(key.value)] : []));
  if (keys.length === 0) return '';
  return ` (${keys.slice(0, 3).join(', ').slice(0, 60)}${keys.length > 3 ? ', ...' : ''})`;
}

function isEmptyScalar(node: Node | undefined): boolean {
  return isScalar(node) && node.value === null;
}

function child(
  node: Node | undefined,
  part: PropertyKey,
): { readonly key?: Node; readonly value?: Node } | undefined {
  if (isSeq(node) && typeof part === 'number') {
    const item = node.items[part];
    return isNode(item) ? { value: item } : undefined;
  }
  if (!isMap(node)) return undefined;
  // Of a key used twice the last one counts, as it does for the value.
  const pair = node.items.findLast(
    item => isPair(item) && isScalar(item.key) && String(item.key.value) === String(part),
  );
  if (pair === undefined) return undefined;
  return { ...(isNode(pair.key) && { key: pair.key }), ...(isNode(pair.value) && { value: pair.value }) };
}
