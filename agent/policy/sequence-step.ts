// The steps of a task sequence, as their author writes them and policy carries them. Pure data.
import { z } from 'zod';
import { contentId } from '../content/manifest.ts';
import { shortText, variableName } from '../document/fields.ts';
import { type Condition, conditionSchema } from './condition.ts';

/** What every step and group may say of how it is carried out. */
const control = {
  name: shortText.optional(),
  when: conditionSchema.optional(),
  /** A failure is recorded and the sequence goes on. In a group: for each of its steps. */
  continueOnError: z.boolean().optional(),
  disabled: z.boolean().optional(),
} as const;

const retry = z.strictObject({
  attempts: z.int().min(1).max(100),
  delaySeconds: z.number().min(0).max(3600).default(15),
});

const stepControl = {
  ...control,
  retry: retry.optional(),
  timeoutMinutes: z
    .number()
    .positive()
    .max(24 * 60)
    .optional(),
} as const;

/** For steps that run in either system: `winpe` before the hand-over, `full-os` after it. Steps of one system keep to it. */
const runsIn = z.enum(['winpe', 'full-os']).optional();

const successCodes = z.array(z.int()).optional();

/** Every step type of this version, by the name that authors write after `step:`. */
export const stepSchemas = {
  'validate-media': z.strictObject({ step: z.literal('validate-media'), ...stepControl }),
  'download-content': z.strictObject({ step: z.literal('download-content'), ...stepControl }),
  'partition-disk': z.strictObject({
    step: z.literal('partition-disk'),
    ...stepControl,
    /** The one disk that may be partitioned: it must match all that is said, and be the only one that does. Never the media's own. */
    disk: z.strictObject({
      minGB: z.number().positive().optional(),
      maxGB: z.number().positive().optional(),
      bus: z.array(z.enum(['nvme', 'sata', 'scsi', 'sas', 'raid', 'usb', 'sd', 'virtual'])).optional(),
    }),
  }),
  'apply-os-image': z.strictObject({
    step: z.literal('apply-os-image'),
    ...stepControl,
    /** The volume that takes Windows: the media's own when left out; by label; or the one that partition-disk made. */
    target: z
      .union(
        [z.literal('media'), z.literal('partitioned'), z.strictObject({ label: z.string().min(1) })],
        'media, partitioned or a label',
      )
      .optional(),
  }),
  'apply-drivers': z.strictObject({ step: z.literal('apply-drivers'), ...stepControl }),
  'apply-unattend': z.strictObject({ step: z.literal('apply-unattend'), ...stepControl }),
  'set-up-boot': z.strictObject({ step: z.literal('set-up-boot'), ...stepControl }),
  'run-command': z.strictObject({
    step: z.literal('run-command'),
    ...stepControl,
    runsIn,
    command: z.string().min(1).max(8192),
    /** A package whose files the command needs; its folder is the working folder. */
    content: contentId.optional(),
    startIn: z.string().min(1).optional(),
    successCodes,
  }),
  'run-powershell': z
    .strictObject({
      step: z.literal('run-powershell'),
      ...stepControl,
      /** Script text, or the name of a script in `content`. */
      script: z.string().min(1).max(65_536).optional(),
      file: z.string().min(1).optional(),
      parameters: z.string().max(8192).optional(),
      content: contentId.optional(),
      successCodes,
    })
    .refine(
      ({ script, file, content }) =>
        (script === undefined) !== (file === undefined) && (file === undefined || content !== undefined),
      'expected script (its text), or file with the content that holds it',
    ),
  'set-variable': z.strictObject({
    step: z.literal('set-variable'),
    ...stepControl,
    runsIn,
    variable: variableName,
    value: z.string().max(8192),
  }),
  'install-package': z.strictObject({ step: z.literal('install-package'), ...stepControl, id: contentId }),
  'install-packages': z.strictObject({ step: z.literal('install-packages'), ...stepControl }),
  'install-application': z.strictObject({
    step: z.literal('install-application'),
    ...stepControl,
    id: contentId,
  }),
  'install-applications': z.strictObject({ step: z.literal('install-applications'), ...stepControl }),
  restart: z.strictObject({
    step: z.literal('restart'),
    ...stepControl,
    /** `full-os` before the hand-over is the hand-over's own restart; `winpe` is possible in WinPE only. */
    to: z.enum(['winpe', 'full-os']),
  }),
  'capture-user-state': z.strictObject({ step: z.literal('capture-user-state'), ...stepControl }),
  'restore-user-state': z.strictObject({ step: z.literal('restore-user-state'), ...stepControl }),
  'send-status': z.strictObject({
    step: z.literal('send-status'),
    ...stepControl,
    runsIn,
    message: z.string().min(1).max(1024),
  }),
  'copy-logs': z.strictObject({
    step: z.literal('copy-logs'),
    ...stepControl,
    runsIn,
    /** A share or folder; a folder named after the machine is made in it. */
    to: z.string().min(1),
  }),
} as const;

export type StepType = keyof typeof stepSchemas;

/** A step of a given type as its author wrote it. */
export type StepOf<T extends StepType> = Readonly<z.infer<(typeof stepSchemas)[T]>>;

export type KnownStep = { [T in StepType]: StepOf<T> }[StepType];

/** A step whose type this agent does not know: refused by name when its sequence is chosen, before anything is changed. */
export interface UnknownStep {
  readonly step: string;
  readonly name?: string | undefined;
  readonly disabled?: boolean | undefined;
  readonly [field: string]: unknown;
}

export interface StepGroup {
  readonly group: string;
  readonly when?: Condition | undefined;
  readonly continueOnError?: boolean | undefined;
  readonly disabled?: boolean | undefined;
  readonly steps: readonly SequenceStep[];
}

export type SequenceStep = KnownStep | UnknownStep | StepGroup;

const knownStep = z.discriminatedUnion('step', Object.values(stepSchemas) as never);

// What is wrong is said of the step as a whole: mistakes in a step of a known type are then told as that type's, key by key.
const unknownStep = z
  .looseObject({
    step: z.unknown().optional(),
    name: control.name.catch(undefined),
    disabled: control.disabled.catch(undefined),
  })
  .refine(({ step }) => typeof step === 'string' && step !== '' && !Object.hasOwn(stepSchemas, step), {
    error: 'a step or a group',
    abort: true,
  });

const group: z.ZodType<StepGroup> = z.lazy(() =>
  z.strictObject({
    group: shortText,
    when: control.when,
    continueOnError: control.continueOnError,
    disabled: control.disabled,
    steps: z.array(policyStepSchema).max(1000),
  }),
);

/** A step or group as policy carries it: a type of a newer version passes, so that one new sequence does not stop every machine. */
export const policyStepSchema: z.ZodType<SequenceStep> = z.lazy(
  () =>
    z.union(
      [group, knownStep as never, unknownStep],
      'a step (`step:`) or a group (`group:`)',
    ) as z.ZodType<SequenceStep>,
);

/** True for a step whose type this agent knows; its fields were decoded as that type's. */
export function isKnownStep(step: KnownStep | UnknownStep): step is KnownStep {
  return Object.hasOwn(stepSchemas, step.step);
}

/** True for a group of steps. */
export function isGroup(step: SequenceStep): step is StepGroup {
  return !('step' in step);
}
