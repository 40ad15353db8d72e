// Which keys a mapping of a document may have, to tell which one a mistyped key was meant to be.
import { z } from 'zod';

type Node = Readonly<Record<string, unknown>>;

/**
 * @param value the document as it stands: of alternatives, those count whose kind (`step: run-command`) it says.
 * @returns the keys known at `path`, of all alternatives that the schema has there; none where it takes any key.
 */
export function knownKeys(
  schema: z.ZodType,
  value: unknown,
  path: readonly PropertyKey[],
): readonly string[] {
  const root = asNode(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));
  if (root === undefined) return [];
  let at = value;
  let nodes = alternatives(root, root, at);
  for (const part of path) {
    at = typeof at === 'object' && at !== null && Object.hasOwn(at, part) ? Reflect.get(at, part) : undefined;
    nodes = nodes.flatMap(node => inside(node, part)).flatMap(node => alternatives(node, root, at));
  }
  return [...new Set(nodes.flatMap(node => Object.keys(asNode(node.properties) ?? {})))];
}

function inside(node: Node, part: PropertyKey): readonly Node[] {
  const named = typeof part === 'string' ? asNode(node.properties)?.[part] : undefined;
  const next = asNode(named ?? (typeof part === 'number' ? node.items : node.additionalProperties));
  return next === undefined ? [] : [next];
}

/** The node itself, or what it refers to and chooses from. `z.lazy` makes schemas that refer to themselves, but never without a key between. */
function alternatives(node: Node, root: Node, value: unknown): readonly Node[] {
  if (typeof node.$ref === 'string') {
    const target = node.$ref === '#' ? root : asNode(asNode(root.$defs)?.[node.$ref.replace('#/$defs/', '')]);
    return target === undefined || target === node ? [] : alternatives(target, root, value);
  }
  const below = [node.anyOf, node.oneOf, node.allOf].flatMap(list => (Array.isArray(list) ? list : []));
  const choices = below.flatMap(each => {
    const next = asNode(each);
    return next === undefined ? [] : alternatives(next, root, value);
  });
  if (choices.length === 0) return [node];
  const ofKind = choices.filter(choice => isOfKind(choice, value));
  return [...(ofKind.length > 0 ? ofKind : choices), ...(node.properties === undefined ? [] : [node])];
}

/** Whether every key that has one possible value has it. */
function isOfKind(node: Node, value: unknown): boolean {
  const properties = Object.entries(asNode(node.properties) ?? {});
  const fixed = properties.filter(([, property]) => Object.hasOwn(asNode(property) ?? {}, 'const'));
  return fixed.every(
    ([key, property]) =>
      typeof value === 'object' && value !== null && Reflect.get(value, key) === asNode(property)?.const,
  );
}

function asNode(value: unknown): Node | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : undefined;
}
