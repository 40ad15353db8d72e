// Writes what Windows Setup goes by in the new Windows: the answer file, and what makes it start the agent at its end.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import {
  ANSWER_FILE,
  ANSWER_FILES_OF_IMAGE,
  SETUP_COMPLETE,
  setupCompleteText,
  specializeCommands,
  startUpTask,
  TASK_FILE,
} from './continuation-files.ts';
import { keepSetupComplete } from './image-setup-complete.ts';
import { stagedExecutable, stagedLayout } from './stage-agent.ts';
import type { Step } from './step.ts';
import type { StepWorld } from './step-world.ts';
import { hasAccount, readAnswers } from './unattend-answers.ts';
import { unattendText } from './unattend-xml.ts';

export const writeUnattend: Step<'write-unattend'> = {
  name: 'write-unattend',
  afterCut: 'start-over',
  async done(_action, world) {
    // Answers that cannot be used are not written: `run` says why.
    const wanted = await files(world).catch(() => undefined);
    if (wanted === undefined) return false;
    for (const { target, bytes } of wanted) {
      const found = await readFile(target).catch(() => undefined);
      if (found === undefined || !found.equals(bytes)) return false;
    }
    return true;
  },
  async run(_action, world) {
    const { durable } = world;
    const written = await files(world);
    const { root } = await world.target();
    // Both would come before or beside what is written here, and are answers for other machines than this one.
    for (const file of ANSWER_FILES_OF_IMAGE) await durable.remove(path.join(root, ...file.split('/')));
    await keepSetupComplete(root, durable);
    for (const { target, bytes } of written) {
      await durable.makeFolder(path.dirname(target));
      await durable.replaceFile(target, bytes);
    }
    if (hasAccount(readAnswers({ variables: world.variables.now(), record: world.record }))) return {};
    const warning =
      'Nobody can log on by what is set (OSDLocalAdminPassword, a domain): the first start of Windows asks for an account, and the deployment goes on after that.';
    world.observe({ kind: 'note', level: 'warning', component: 'hand-over', text: warning });
    return { warning };
  },
};

interface FileToWrite {
  readonly target: string;
  readonly bytes: Buffer;
}

async function files(world: StepWorld): Promise<readonly FileToWrite[]> {
  const { root } = await world.target();
  const layout = await stagedLayout(world);
  const below = (file: string): string => path.relative(root, file).split(path.sep).join('/');
  const taskFile = path.join(layout.agent, TASK_FILE);
  const answers = readAnswers({ variables: world.variables.now(), record: world.record });
  const at = (file: string): string => path.join(root, ...file.split('/'));
  return [
    {
      target: taskFile,
      // With a byte order mark: schtasks goes by it.
      bytes: Buffer.from(`\ufeff${startUpTask(below(stagedExecutable(world, layout)))}`, 'utf16le'),
    },
    { target: at(SETUP_COMPLETE), bytes: Buffer.from(setupCompleteText(below(taskFile))) },
    {
      target: at(ANSWER_FILE),
      bytes: Buffer.from(unattendText(answers, specializeCommands(below(taskFile)))),
    },
  ];
}
