// Which machines a driver package is made for, as its author says and policy carries: so that no manifest need be fetched to choose.
import { z } from 'zod';

/** Longest list of names. */
export const HARDWARE_NAMES_MAX = 200;

/** Longest list of device IDs: the whole driver collection of one model has some thousand. */
export const HARDWARE_DEVICES_MAX = 20_000;

/**
 * A PnP hardware ID or compatible ID: printable ASCII without a comma, as Windows demands of its bus drivers (Microsoft, "Hardware IDs"); blanks
 * inside occur in INF files.
 */
export const DEVICE_ID = /^[!-+\--~]([ -+\--~]{0,254}[!-+\--~])?$/;

const WILDCARDS = '`*` and `?` are wildcards, case does not matter.';

const names = (what: string) =>
  z
    .array(z.string().trim().min(1).max(256))
    .min(1)
    .max(HARDWARE_NAMES_MAX)
    .optional()
    .meta({ description: `${what} as the firmware names them; ${WILDCARDS}` });

/** PnP IDs of devices, one of which the machine must have. */
export const deviceIds = z
  .array(
    z
      .string()
      .regex(DEVICE_ID, 'a device ID such as PCI\\VEN_8086&DEV_15F3, of at most 256 characters')
      .toUpperCase(),
  )
  .min(1)
  .max(HARDWARE_DEVICES_MAX);

const lists = {
  manufacturers: names('Manufacturers'),
  models: names('Models'),
  skus: names('SKUs'),
} as const;

/** A machine must match each list given: one entry of it, with what it says of itself. */
export const hardwareSchema = anyOf(z.strictObject({ ...lists, devices: deviceIds.optional() }));

/** As `content.yaml` has it: device IDs by themselves, or those that the package's own INF files name when it is published. */
export const hardwareDocumentSchema = anyOf(
  z.strictObject({
    ...lists,
    devices: z
      .union([z.literal('inf'), deviceIds], 'inf or a list of device IDs')
      .optional()
      .meta({
        description: 'PnP hardware IDs, one of which the machine must have; inf: those of the INF files.',
      }),
  }),
);

function anyOf<S extends z.ZodType<object>>(schema: S): S {
  return schema.refine(
    given => Object.values(given).some(list => list !== undefined),
    'expected at least one of manufacturers, models, skus, devices',
  );
}

export type Hardware = Readonly<z.infer<typeof hardwareSchema>>;
