// An answer file, judged by xmllint and read for tests: which value a setting has in a pass of a component, and how often it stands there.
import { spawnSync } from 'node:child_process';
import { childOf, parseXml, type XmlElement } from '../../agent/wim/xml.ts';

export interface AnswerFile {
  /** `specialize Microsoft-Windows-Shell-Setup ComputerName`; deeper settings as `OOBE/HideEULAPage`. The same for both architectures. */
  value(pass: string, component: string, setting: string): string | undefined;
  /** Every setting as `pass component path`, each once, sorted. */
  readonly settings: readonly string[];
  /** Paths of the specialize commands in their order. */
  readonly commands: readonly string[];
}

const ARCHITECTURES = ['amd64', 'arm64'];

/** @throws when it is no well-formed XML in UTF-8, or not the same for each architecture. */
export function readAnswerFile(bytes: Uint8Array): AnswerFile {
  const judged = spawnSync('xmllint', ['--noout', '--nonet', '-'], { input: bytes, encoding: 'utf8' });
  if (judged.status !== 0) throw new Error(`xmllint: ${judged.error ?? judged.stderr}`);
  const text = Buffer.from(bytes).toString('utf8');
  // The agent's own reader takes no declaration.
  const root = parseXml(text.replace(/^<\?xml[^>]*\?>/, ''));
  if (root.name !== 'unattend') throw new Error(`the root is ${root.name}`);
  const [first, ...others] = ARCHITECTURES.map(architecture => settingsOf(root, architecture));
  for (const other of others) {
    if (JSON.stringify(other) !== JSON.stringify(first)) throw new Error('the architectures differ');
  }
  const all = first ?? [];
  return {
    value: (pass, component, setting) =>
      all.find(([name]) => name === `${pass} ${component} ${setting}`)?.[1],
    settings: [...new Set(all.map(([name]) => name))].sort(),
    commands: all.flatMap(([name, value]) => (name.endsWith('RunSynchronousCommand/Path') ? [value] : [])),
  };
}

function settingsOf(
  root: XmlElement,
  architecture: string,
): readonly (readonly [name: string, value: string])[] {
  return root.children.flatMap(pass =>
    pass.children
      .filter(component => component.attributes.get('processorArchitecture') === architecture)
      .flatMap(component =>
        leaves(component, `${pass.attributes.get('pass')} ${component.attributes.get('name')} `),
      ),
  );
}

function leaves(element: XmlElement, before: string): readonly (readonly [string, string])[] {
  return element.children.flatMap(child =>
    child.children.length === 0
      ? [[`${before}${child.name}`, child.text] as const]
      : leaves(child, `${before}${child.name}/`),
  );
}

/** The text of the first element of that name, anywhere below. */
export function textOf(element: XmlElement, name: string): string | undefined {
  const own = childOf(element, name)?.text;
  return own ?? element.children.map(child => textOf(child, name)).find(found => found !== undefined);
}
