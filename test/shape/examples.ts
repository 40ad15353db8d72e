// Checks a command line against commander's own table of commands, without running anything.
import type { Command, Option } from 'commander';

/** Words of a command line as a shell would split it, as far as examples go: spaces, double quotes, comments at the end. */
export function wordsOf(line: string): readonly string[] {
  const words = line.replace(/\s+#.*$/, '').match(/"[^"]*"|\S+/g) ?? [];
  return words.map(word => word.replaceAll('"', ''));
}

/** @returns what is wrong with a command line that begins with `prestage`; undefined when commander would take it. */
export function mistakeIn(program: Command, line: string): string | undefined {
  const [name, ...words] = wordsOf(line);
  if (name !== program.name()) return `expected ${program.name()}, found ${name}`;
  let command = program;
  while (words.length > 0) {
    const next = command.commands.find(each => each.name() === words[0]);
    if (next === undefined) break;
    command = next;
    words.shift();
  }
  if (command === program && words.length > 0 && words[0] !== 'help' && !words[0]!.startsWith('-'))
    return `no command ${words[0]}`;
  if (words[0] === 'help')
    return command.commands.some(each => each.name() === words[1] || words[1] === 'COMMAND')
      ? undefined
      : `no command ${words[1]}`;
  return mistakeInArguments(command, words);
}

function mistakeInArguments(command: Command, words: string[]): string | undefined {
  let given = 0;
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (!word.startsWith('-')) given += 1;
    else {
      const [flag, joined] = word.split('=', 2);
      const option = command.options.find((each: Option) => each.long === flag || each.short === flag);
      if (option === undefined) return `${command.name()} has no option ${flag}`;
      if (option.required && joined === undefined && words.shift() === undefined)
        return `${flag} needs a value`;
    }
  }
  const required = command.registeredArguments.filter(argument => argument.required).length;
  const most = command.registeredArguments.some(argument => argument.variadic)
    ? Number.POSITIVE_INFINITY
    : command.registeredArguments.length;
  if (given < required || given > most)
    return `${command.name()} takes ${required} to ${most} arguments, found ${given}`;
  if (command.commands.length > 0 && given === 0) return `${command.name()} needs a command`;
  return undefined;
}
