// Every action and the step that carries it out. An action without a step does not compile.
import type { ActionName } from '../plan/plan.ts';
import { acquireContent } from './acquire-content.ts';
import { addDrivers } from './add-drivers.ts';
import { applyImage } from './apply-image.ts';
import { handOver } from './hand-over.ts';
import { installApplication } from './install-application.ts';
import { installPackage } from './install-package.ts';
import { makeBootable } from './make-bootable.ts';
import { retireMedia } from './retire-media.ts';
import { stageAgent } from './stage-agent.ts';
import type { Step } from './step.ts';
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
  'retire-media': retireMedia,
};
