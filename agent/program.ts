// The program's command table: every command with its help.
import { Command } from 'commander';
import { addCheck } from './commands/check.ts';
import type { Composition } from './commands/composition.ts';
import { addContinue } from './commands/continue.ts';
import { addDeploy } from './commands/deploy.ts';
import { addExplain } from './commands/explain.ts';
import { addPlan } from './commands/plan.ts';
import { addRehearse } from './commands/rehearse.ts';
import { addReport } from './commands/report.ts';
import { BUILD, VERSION } from './version.ts';

export interface ProgramEffects {
  /** Makes the composition when a command needs it; `help` and `explain` do not. */
  readonly compose: () => Promise<Composition>;
  readonly print: (text: string) => void;
  readonly printError: (text: string) => void;
  /** Takes the exit code of the command that ran. */
  readonly exit: (code: number) => void;
}

/** @returns the program, ready to parse. Parsing throws commander's own error for a wrong command line. */
export function buildProgram({ compose, print, printError, exit }: ProgramEffects): Command {
  const program = new Command('prestage')
    .description('Prestaged media for Windows deployment: validate, complete, apply, continue.')
    .version(`prestage ${VERSION} (build ${BUILD}, node ${process.versions.node})`, '-V, --version')
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ writeOut: text => print(text.trimEnd()), writeErr: text => printError(text.trimEnd()) });
  addDeploy(program, compose, exit);
  addContinue(program, compose, exit);
  addCheck(program, compose, exit);
  addPlan(program, compose, exit);
  addReport(program, compose, exit);
  addExplain(program, print);
  addRehearse(program, compose, exit);
  program.addHelpText(
    'after',
    '\nExit codes: 0 done, 2 usage, 3 continues after restart, 20 not trusted, 30 content, 40 network, 50 disk, 60 image,\n70 installer, 80 journal, 99 a defect of Prestage. `prestage explain CODE` explains a fault.',
  );
  // Sub-commands made by `command()` inherit exitOverride and output at creation time only; set it on all.
  for (const command of program.commands) command.exitOverride();
  return program;
}
