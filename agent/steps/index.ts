// Every action and the step that carries it out. An action without a step does not compile.

import type { ActionName } from '../plan/plan.ts';
import { acquireContent } from './acquire-content.ts';
import { addDrivers } from './add-drivers.ts';
import { applyImage } from './apply-image.ts';
import { captureUserState } from './capture-user-state.ts';
import { copyLogs } from './copy-logs.ts';
import { handOver } from './hand-over.ts';
import { installApplication } from './install-application.ts';
import { installPackage } from './install-package.ts';
import { makeBootable } from './make-bootable.ts';
import { partitionDisk } from './partition-disk.ts';
import { protectFolders } from './protect-folders.ts';
import { restart } from './restart.ts';
import { restoreUserState } from './restore-user-state.ts';
import { retireMedia } from './retire-media.ts';
import { runCommand } from './run-command.ts';
import { runPowershell } from './run-powershell.ts';
import { sendStatus } from './send-status.ts';
import { setVariable } from './set-variable.ts';
import { stageAgent } from './stage-agent.ts';
import type { Step } from './step.ts';
import { validateMedia } from './validate-media.ts';
import { verifyImage } from './verify-image.ts';
import { writeUnattend } from './write-unattend.ts';

export const STEPS: { readonly [N in ActionName]: Step<N> } = {
  'acquire-content': acquireContent,
  'verify-image': verifyImage,
  'apply-image': applyImage,
  'add-drivers': addDrivers,
  'stage-agent': stageAgent,
  'write-unattend': writeUnattend,
  'make-bootable': makeBootable,
  'hand-over': handOver,
  'install-package': installPackage,
  'install-application': installApplication,
  'validate-media': validateMedia,
  'partition-disk': partitionDisk,
  'protect-folders': protectFolders,
  'run-command': runCommand,
  'run-powershell': runPowershell,
  'set-variable': setVariable,
  restart: restart,
  'capture-user-state': captureUserState,
  'restore-user-state': restoreUserState,
  'send-status': sendStatus,
  'copy-logs': copyLogs,
  'retire-media': retireMedia,
};
