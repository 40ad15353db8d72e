// A condition of a group or step, as its author writes it and policy carries it. Pure data; who asks it of a machine is evaluate-condition.ts.
import { z } from 'zod';
import { variableName } from '../document/fields.ts';

/** How a value is compared with text. Numbers and versions (`10.0.26100`) compare by their numbers with less and greater. */
const comparison = {
  equals: z.string().optional(),
  notEquals: z.string().optional(),
  /** `*` and `?` stand for any text and any letter. */
  like: z.string().optional(),
  less: z.string().optional(),
  lessOrEqual: z.string().optional(),
  greater: z.string().optional(),
  greaterOrEqual: z.string().optional(),
} as const;

/** Facts of the machine that a condition may ask for. */
export const machineFactName = z.enum([
  'manufacturer',
  'model',
  'sku',
  'serial',
  'assetTag',
  'uuid',
  'macAddress',
  'ipAddress',
  'memoryMB',
  'firmware',
  'architecture',
  'power',
]);

export type Comparison = {
  readonly [Name in keyof typeof comparison]?: string | undefined;
};

export type Condition =
  | { readonly all: readonly Condition[] }
  | { readonly any: readonly Condition[] }
  | { readonly not: Condition }
  | ({ readonly variable: string; readonly exists?: boolean | undefined } & Comparison)
  | ({
      readonly machine: z.infer<typeof machineFactName>;
      readonly exists?: boolean | undefined;
    } & Comparison)
  | {
      readonly file: string;
      readonly exists?: boolean | undefined;
      /** The file's version is this one or a later one. */
      readonly version?: string | undefined;
    }
  | { readonly folder: string; readonly exists?: boolean | undefined }
  | ({
      readonly registryKey: string;
      readonly value?: string | undefined;
      readonly exists?: boolean | undefined;
    } & Comparison);

const exists = z.boolean().optional();

/** Text comparisons are made without regard to case. A condition without comparison asks whether there is anything. */
export const conditionSchema: z.ZodType<Condition> = z.lazy(() =>
  z.union(
    [
      z.strictObject({ all: z.array(conditionSchema).min(1) }),
      z.strictObject({ any: z.array(conditionSchema).min(1) }),
      z.strictObject({ not: conditionSchema }),
      z.strictObject({ variable: variableName, exists, ...comparison }),
      z.strictObject({ machine: machineFactName, exists, ...comparison }),
      z.strictObject({ file: z.string().min(1), exists, version: z.string().optional() }),
      z.strictObject({ folder: z.string().min(1), exists }),
      z.strictObject({ registryKey: z.string().min(1), value: z.string().optional(), exists, ...comparison }),
    ],
    'all, any, not, variable, machine, file, folder or registryKey',
  ),
);
