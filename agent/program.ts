// The program's command table. A command's modules load only when it is the one that runs (or when help lists them all): starting is quick.
import { Command, type CommanderError } from 'commander';
import type { Composition } from './commands/composition.ts';
import { Fault } from './fault/fault.ts';
import { VERSION_LINE } from './version.ts';

export interface ProgramEffects {
  /** Makes the composition when a command needs it; `help` and `explain` do not. */
  readonly compose: () => Promise<Composition>;
  readonly print: (text: string) => void;
  readonly printError: (text: string) => void;
  /** Takes the exit code of the command that ran. */
  readonly exit: (code: number) => void;
}

type Register = (program: Command, effects: ProgramEffects) => Promise<void>;

/** Every command, in the order in which help lists them. */
export const COMMANDS: Readonly<Record<string, Register>> = {
  deploy: async (program, { compose, exit }) =>
    (await import('./commands/deploy.ts')).addDeploy(program, compose, exit),
  continue: async (program, { compose, exit }) =>
    (await import('./commands/continue.ts')).addContinue(program, compose, exit),
  check: async (program, { compose, exit }) =>
    (await import('./commands/check.ts')).addCheck(program, compose, exit),
  plan: async (program, { compose, exit }) =>
    (await import('./commands/plan.ts')).addPlan(program, compose, exit),
  report: async (program, { compose, exit }) =>
    (await import('./commands/report.ts')).addReport(program, compose, exit),
  explain: async (program, { print }) => (await import('./commands/explain.ts')).addExplain(program, print),
  init: async (program, { compose, exit }) =>
    (await import('./commands/init.ts')).addInit(program, compose, exit),
  publish: async (program, { compose, exit }) =>
    (await import('./commands/publish.ts')).addPublish(program, compose, exit),
  keys: async (program, { compose, exit }) =>
    (await import('./commands/keys.ts')).addKeys(program, compose, exit),
  associate: async (program, { compose, exit }) =>
    (await import('./commands/associate.ts')).addAssociate(program, compose, exit),
  media: async (program, { compose, exit }) =>
    (await import('./commands/media.ts')).addMedia(program, compose, exit),
  capture: async (program, { compose, exit }) =>
    (await import('./commands/capture.ts')).addCapture(program, compose, exit),
  serve: async (program, { compose, exit }) =>
    (await import('./commands/serve.ts')).addServe(program, compose, exit),
  rehearse: async (program, { compose, exit }) =>
    (await import('./commands/rehearse.ts')).addRehearse(program, compose, exit),
  selftest: async (program, { compose, exit }) =>
    (await import('./commands/selftest.ts')).addSelftest(program, compose, exit),
};

/**
 * @param word the first word of the command line: only that command is registered when there is one of its name, else all are.
 * @returns the program, ready to parse. Parsing throws commander's own error for a wrong command line.
 */
export async function buildProgram(effects: ProgramEffects, word?: string): Promise<Command> {
  const program = new Command('prestage')
    .description('Prestaged media for Windows deployment: validate, complete, apply, continue.')
    .version(VERSION_LINE, '-V, --version')
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: text => effects.print(text.trimEnd()),
      writeErr: text => effects.printError(text.trimEnd()),
      // A mistake is shown once, as every other fault is: see commandLineFault.
      outputError: () => {},
    });
  for (const register of registersFor(word)) await register(program, effects);
  return program.addHelpText(
    'after',
    '\nExit codes: 0 done, 2 usage, 3 continues after restart, 4 stopped on request,\n20 not trusted, 30 content, 40 network, 50 disk, 60 image, 65 this computer,\n70 installer, 75 user state, 80 journal, 99 a defect of Prestage.\n`prestage explain CODE` explains a fault.',
  );
}

/** `help media create` as `media create --help`: commander itself shows the help of `media` for it. */
export function helpAsOption(words: readonly string[]): readonly string[] {
  const [first, ...named] = words;
  return first === 'help' && named.length > 1 ? [...named, '--help'] : words;
}

/** What commander says of a wrong command line, as the fault that it is. */
export function commandLineFault(error: CommanderError, words: readonly string[]): Fault {
  const subject = ['prestage', ...words].join(' ');
  // A command that needs a sub-command: its help, which lists them, is printed already.
  if (error.code === 'commander.help')
    return new Fault('USAGE-01', subject, { expected: 'one of the commands listed', found: 'none' });
  const [found = '', hint] = error.message.replace(/^error: /, '').split('\n');
  return new Fault('USAGE-01', subject, {
    found,
    ...(hint === undefined ? {} : { hint: hint.replace(/^\((.*)\)$/, '$1') }),
  });
}

function registersFor(word: string | undefined): readonly Register[] {
  if (word === '-V' || word === '--version') return [];
  const only = word !== undefined && Object.hasOwn(COMMANDS, word) ? COMMANDS[word] : undefined;
  return only === undefined ? Object.values(COMMANDS) : [only];
}
