// The last screen after a fault: code, subject, what was expected and found, what is safe, what to do next.
import type { Fault } from '../fault/fault.ts';
import { faultRecord } from '../fault/fault.ts';
import { wrapped } from './wrap.ts';

/**
 * @param columns of the terminal, between whose words the catalogue's sentences are broken; what was expected and found stays as it is, to be copied.
 * @returns lines in that order; the caller redacts and prints them.
 */
export function lastScreenLines(fault: Fault, columns?: number): string[] {
  const { entry } = fault;
  const record = faultRecord(fault);
  const lines = [`${fault.code}  ${entry.title}`, `  ${fault.subject}`, ''];
  lines.push(...detailLines(fault).map(line => `  ${line}`));
  for (const cause of record.causes) lines.push(`  because: ${cause}`);
  return [
    ...lines,
    ...(lines.length > 3 ? [''] : []),
    ...[entry.meaning, `Safe: ${entry.safe}`, `Next: ${entry.next}`].flatMap(text =>
      wrapped(`  ${text}`, columns),
    ),
    `  More: prestage explain ${fault.code}`,
  ];
}

/** What was expected and found, a line each; entries of a list are indented. */
export function detailLines(fault: Fault): string[] {
  return Object.entries(faultRecord(fault).detail).flatMap(([name, value]) => {
    if (value === undefined) return [];
    if (Array.isArray(value)) return [`${labelOf(name)}:`, ...value.map(item => `  ${item}`)];
    const [first = '', ...more] = String(value).split(/\r?\n/);
    return [`${labelOf(name)}: ${first}`, ...more.map(line => `  ${line}`)];
  });
}

// `neededBytes` reads as "needed bytes".
function labelOf(name: string): string {
  return name.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
}
