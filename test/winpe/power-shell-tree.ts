// PowerShell scripts as syntax trees: what they call, with which parameters, from which function. Nothing here can run them.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Language, type Node, Parser } from 'web-tree-sitter';

const ROOT = path.resolve(import.meta.dirname, '../..');

await Parser.init();
const grammar = await Language.load(
  path.join(ROOT, 'node_modules/tree-sitter-powershell/tree-sitter-powershell.wasm'),
);

/** One command: its name (of a call by `&` the expression), its parameters without the dash, and the function it stands in. */
export interface Call {
  readonly name: string;
  readonly byOperator: boolean;
  readonly parameters: readonly string[];
  readonly text: string;
  readonly within: string | undefined;
  readonly line: number;
}

export interface PowerShellScript {
  readonly text: string;
  readonly bytes: Buffer;
  /** What the grammar could not read: `line: text`. */
  readonly mistakes: readonly string[];
  /** Names of the parameters of the script itself. */
  readonly parameters: readonly string[];
  readonly functions: ReadonlyMap<string, { readonly text: string; readonly parameters: readonly string[] }>;
  readonly calls: readonly Call[];
  /** Names of variables in lower case, as PowerShell takes them: each use, and what gets a value somewhere. */
  readonly variables: readonly string[];
  readonly assigned: ReadonlySet<string>;
  /** `[Type]::Method` and `.Method` calls. */
  readonly methods: readonly { readonly name: string; readonly within: string | undefined }[];
}

/** @param file relative to the checkout. */
export function readPowerShell(file: string): PowerShellScript {
  return parsePowerShell(readFileSync(path.join(ROOT, file)), file);
}

/** As readPowerShell, from the bytes of a file. */
export function parsePowerShell(bytes: Buffer, file = 'script'): PowerShellScript {
  const text = bytes.toString('latin1');
  const parser = new Parser();
  parser.setLanguage(grammar);
  const tree = parser.parse(text);
  if (tree === null) throw new Error(`${file} was not parsed`);
  const root = tree.rootNode;
  const variables = variablesIn(root);
  return {
    text,
    bytes,
    mistakes: mistakesIn(root),
    parameters: parametersOf(root),
    functions: new Map(
      root
        .descendantsOfType('function_statement')
        .flatMap(node =>
          node === null ? [] : [[nameOf(node), { text: node.text, parameters: parametersOf(node) }]],
        ),
    ),
    calls: root.descendantsOfType('command').flatMap(node => (node === null ? [] : [callOf(node)])),
    variables: variables.map(({ name }) => name),
    assigned: new Set(variables.flatMap(({ name, getsValue }) => (getsValue ? [name] : []))),
    methods: root
      .descendantsOfType('invokation_expression')
      .flatMap(node =>
        node === null ? [] : [{ name: node.text.split('(')[0]!, within: functionAround(node) }],
      ),
  };
}

function mistakesIn(node: Node): string[] {
  if (node.isError || node.isMissing) return [`${node.startPosition.row + 1}: ${node.text.slice(0, 80)}`];
  return node.hasError ? node.children.flatMap(child => (child === null ? [] : mistakesIn(child))) : [];
}

/** Of the first param block below: a script's stands before its functions. */
function parametersOf(node: Node): readonly string[] {
  const block = node.descendantsOfType('param_block')[0];
  return (block?.descendantsOfType('script_parameter') ?? []).flatMap(each => {
    const variable = each?.children.find(child => child?.type === 'variable');
    return variable ? [variable.text.slice(1)] : [];
  });
}

/** A variable gets a value as a parameter, on the left of an assignment, in the head of a foreach, or by `++`. Splatted ones (`@x`) are uses. */
function variablesIn(root: Node): readonly { readonly name: string; readonly getsValue: boolean }[] {
  return root.descendantsOfType('variable').flatMap(node => {
    if (node === null) return [];
    const name = node.text
      .replace(/^[$@]\{?/, '')
      .replace(/\}$/, '')
      .toLowerCase();
    const { parent } = node;
    if (parent?.type === 'script_parameter' || parent?.type === 'foreach_statement')
      return [{ name, getsValue: true }];
    for (let at: Node | null = node; at !== null && at.type !== 'statement_list'; at = at.parent) {
      if (at.type === 'left_assignment_expression') return [{ name, getsValue: at.text === node.text }];
    }
    return [{ name, getsValue: false }];
  });
}

function callOf(node: Node): Call {
  const elements = node.childForFieldName('command_elements')?.children ?? [];
  return {
    name: node.childForFieldName('command_name')?.text ?? '',
    byOperator: node.children.some(child => child?.type === 'command_invokation_operator'),
    parameters: elements.flatMap(child =>
      child?.type === 'command_parameter' ? [child.text.slice(1).split(':')[0]!] : [],
    ),
    text: node.text,
    within: functionAround(node),
    line: node.startPosition.row + 1,
  };
}

function functionAround(node: Node): string | undefined {
  for (let at = node.parent; at !== null; at = at.parent)
    if (at.type === 'function_statement') return nameOf(at);
  return undefined;
}

function nameOf(node: Node): string {
  return node.children.find(child => child?.type === 'function_name')?.text ?? '';
}
