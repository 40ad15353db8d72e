// Where things lie in the text of one YAML document, and what stands there as its author wrote it.
import { type Document, isMap, isNode, isPair, isScalar, isSeq, type Node, visit, type YAMLMap } from 'yaml';
import { type Mistake, pathText } from './issue.ts';

/** Both from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** What is told of a place. */
export interface LocatedText extends Place {
  readonly text: string;
}

/** Where things lie in the text of one document. */
export class Places {
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

  say(mistake: Mistake): LocatedText {
    const where = pathText(mistake.path);
    const found = this.#found(mistake);
    return {
      ...this.of(mistake.path, mistake.about),
      text: `${where === '' ? 'document' : where}: ${mistake.text}${found}`,
    };
  }

  /** Of a key that its mapping has before: its name, and where it stands first. `offset`: where it stands again. */
  twice(offset: number): { readonly key: string; readonly first: Place } | undefined {
    let found: { readonly key: string; readonly first: Place } | undefined;
    visit(this.#document, {
      Map: (_, { items }) => {
        const again = items.find(({ key }) => isScalar(key) && key.range?.[0] === offset);
        if (again === undefined || !isScalar(again.key)) return undefined;
        const key = String(again.key.value);
        const first = items.find(item => isScalar(item.key) && String(item.key.value) === key);
        const at = isNode(first?.key) ? first.key.range?.[0] : undefined;
        if (at !== undefined) found = { key, first: this.#at(at) };
        return visit.BREAK;
      },
    });
    return found;
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
    const line = source.replaceAll(/\s+/g, ' ').replaceAll(/\/\/\S*@/g, '//***@');
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
