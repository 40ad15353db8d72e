// The stage of each action: under which heading screen and logs show it.
import type { ActionName } from '../plan/plan.ts';
import type { Stage } from '../progress/event.ts';

export const STAGES: Readonly<Record<ActionName, Stage>> = {
  'acquire-content': 'transfer',
  'verify-image': 'validate-image',
  'validate-media': 'find-media',
  'partition-disk': 'apply-image',
  'apply-image': 'apply-image',
  'protect-folders': 'hand-over',
  'run-command': 'command',
  'run-powershell': 'command',
  'set-variable': 'command',
  restart: 'command',
  'capture-user-state': 'user-state',
  'restore-user-state': 'user-state',
  'send-status': 'command',
  'copy-logs': 'command',
  'add-drivers': 'drivers',
  'stage-agent': 'hand-over',
  'write-unattend': 'hand-over',
  'make-bootable': 'boot-files',
  'hand-over': 'hand-over',
  'install-package': 'install',
  'install-application': 'install',
  'retire-media': 'clean-up',
};
