// prestage explain: a fault's entry in the catalogue, offline.
import type { Command } from 'commander';
import { tableLines } from '../console/table.ts';
import { catalogue, exitCodeOf, type FaultCode, isFaultCode } from '../fault/catalogue.ts';
import { Fault } from '../fault/fault.ts';

/** Registers the command. */
export function addExplain(program: Command, print: (text: string) => void): void {
  program
    .command('explain')
    .summary('explain a fault code: what it means, what is safe, what to do next')
    .argument('[code]', 'a code such as NET-04; without it, all codes are listed')
    .option('--json', 'print as JSON')
    .addHelpText('after', '\nExamples:\n  prestage explain NET-04\n  prestage explain')
    .action((code: string | undefined, options: { readonly json?: boolean }) =>
      print(explain(code, options.json === true)),
    );
}

/** @throws USAGE-01 for a code that the catalogue does not have. */
export function explain(code: string | undefined, json: boolean): string {
  const codes = Object.keys(catalogue) as FaultCode[];
  if (code === undefined) {
    if (json) return JSON.stringify(catalogue, undefined, 2);
    return tableLines(
      [{ title: 'Code' }, { title: 'Exit', right: true }, { title: 'Title' }],
      codes.map(each => [each, String(exitCodeOf(each)), catalogue[each].title]),
    ).join('\n');
  }
  const wanted = code.toUpperCase();
  if (!isFaultCode(wanted))
    throw new Fault('USAGE-01', code, {
      expected: 'a fault code such as NET-04',
      known: `${codes.length} codes; prestage explain lists them`,
    });
  const entry = catalogue[wanted];
  if (json) return JSON.stringify({ code: wanted, exitCode: exitCodeOf(wanted), ...entry }, undefined, 2);
  return [
    `${wanted}  ${entry.title} (exit code ${exitCodeOf(wanted)})`,
    '',
    entry.meaning,
    `Safe: ${entry.safe}`,
    `Next: ${entry.next}`,
  ].join('\n');
}
