// What agent.yaml says of transfers: how patient they are, and how much of the network they take at which hours.
import { z } from 'zod';
import { byteRateOf } from '../document/byte-rate.ts';

const rate = z
  .string()
  .refine(
    text => byteRateOf(text) !== undefined,
    'a rate of at least 64 kbit/s, such as "20 Mbit/s" or "2.5 MB/s"',
  )
  .meta({ description: 'Such as "20 Mbit/s" or "2.5 MB/s".' });

const from = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time from "00:00" to "23:59"')
  .meta({ description: 'The machine’s local time, such as "08:00".' });
const to = z
  .string()
  .regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, 'a time from "00:00" to "24:00"')
  .meta({ description: 'Such as "17:00"; before `from` it is on the next day.' });

const hours = z
  .strictObject({ from, to, limit: rate })
  .refine(({ from: begin, to: end }) => begin !== end, 'hours that begin and end at different times');

export const transferConfigSchema = z.strictObject({
  retryCount: z.int().min(0).max(100).optional(),
  retryDelaySeconds: z.number().min(0).max(3600).optional(),
  connections: z.int().min(1).max(16).optional(),
  leastBytesPerSecond: z.int().min(0).optional(),
  stallTimeoutSeconds: z.number().positive().max(3600).optional(),
  bandwidth: z
    .union([rate, z.array(hours).min(1).max(24)])
    .optional()
    .meta({
      description:
        'How much of the network all transfers of the computer together may take: always, or at some hours (then without a limit at the others; the lowest counts where several overlap). Local disks are not limited.',
    }),
  deadlineMinutes: z.number().positive().max(10_080).optional().meta({
    description:
      'When the run is this old, transfers stop with STOP-03. What is proven stays; the next run goes on from there.',
  }),
});

export type TransferConfig = Readonly<z.infer<typeof transferConfigSchema>>;
