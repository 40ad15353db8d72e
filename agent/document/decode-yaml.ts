// YAML text to a typed value, or one fault that lists every mistake at once with file, line and column.
import { type Document, LineCounter, parseDocument, visit, type YAMLError } from 'yaml';
import type { z } from 'zod';
import { Fault } from '../fault/fault.ts';
import { type Mistake, mistakesOf, valueAt } from './issue.ts';
import { knownKeys } from './known-keys.ts';
import { nearestName } from './nearest-name.ts';
import { utf8Text } from './utf8-text.ts';
import { type LocatedText, type Place, Places } from './yaml-places.ts';

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
  const text = textOf(bytes, options.file, options.maxBytes ?? YAML_MAX_BYTES);
  if (typeof text !== 'string') return { ok: false, issues: [text.refused] };
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
  const found: LocatedText[] = worthTelling(document.errors).map(error => ({
    ...at(error.pos[0]),
    text: syntaxText(error, places),
  }));
  const value = plainValue(document, at, found);
  const parsed = value === undefined ? undefined : schema.safeParse(value.js);
  if (parsed !== undefined && !parsed.success && value !== undefined) {
    const mistakes = parsed.error.issues.flatMap(issue => mistakesOf(issue, value.js));
    const told = credible(mistakes, document.errors, places).map(mistake => meant(mistake, schema, value.js));
    found.push(...told.map(mistake => places.say(mistake)));
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

function place(file: string, { line, column }: Place): string {
  return `${file}:${line}:${column}`;
}

function textOf(
  bytes: Uint8Array | string,
  file: string,
  maxBytes: number,
): string | { readonly refused: string } {
  const size = typeof bytes === 'string' ? Buffer.byteLength(bytes) : bytes.byteLength;
  if (size > maxBytes) return { refused: `${file}: expected at most ${maxBytes} bytes, found ${size}` };
  if (typeof bytes === 'string') return bytes;
  const decoded = utf8Text(bytes);
  if (decoded.ok) return decoded.text;
  return { refused: `${place(file, decoded)} expected UTF-8 text; save the file as UTF-8${decoded.found}` };
}

/** The plain value; aliases that lead nowhere or unfold without end become located mistakes instead. */
function plainValue(
  document: Document.Parsed,
  at: (offset: number) => Place,
  found: LocatedText[],
): { readonly js: unknown } | undefined {
  try {
    return { js: document.toJS({ maxAliasCount: 50 }) };
  } catch (error) {
    const aliases: LocatedText[] = [];
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

function syntaxText(error: YAMLError, places: Places): string {
  if (error.code === 'DUPLICATE_KEY') {
    const twice = places.twice(error.pos[0]);
    return `key used twice in one mapping${twice === undefined ? '' : `: ${twice.key}, first in line ${twice.first.line}`}`;
  }
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

/** An unknown key that is nearly a known one, which the mapping does not have yet, is told with it. */
function meant(mistake: Mistake, schema: z.ZodType, value: unknown): Mistake {
  const key = mistake.path.at(-1);
  if (mistake.about !== 'key' || typeof key !== 'string') return mistake;
  const way = mistake.path.slice(0, -1);
  const mapping = valueAt(value, way);
  const there = typeof mapping === 'object' && mapping !== null ? Object.keys(mapping) : [];
  const open = knownKeys(schema, value, way).filter(known => !there.includes(known));
  const nearest = nearestName(key, open, 3);
  return nearest === undefined ? mistake : { ...mistake, text: `${mistake.text}; did you mean ${nearest}?` };
}
