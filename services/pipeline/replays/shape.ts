import { z } from 'zod';
import { declarationShape, moment } from '../exports/shape.ts';

/** What a replay takes where nobody says otherwise, since live traffic comes first: so many events a second, and this share of one core's time. */
export const DEFAULT_PACE = { rate: 5_000, cpuShare: 0.05 } as const;

const { name, types, scopes, schema, sink, config } = declarationShape.shape;
const time = moment.nullish();

/** What is asked for. The app is named beside it, as hex. */
export const replayShape = z.strictObject({
  target: z
    .union(
      [z.strictObject({ export: name }), z.strictObject({ sink, config })],
      'must be {"export": …}, or {"sink": …, "config": …}',
    )
    .describe(
      "Into the sink of an export that has delivered nothing yet, is paused, and goes on from there; or into one that is the job's alone.",
    ),
  wallet: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits')
    .nullish()
    .describe('Only of this wallet.'),
  types,
  scopes: scopes.optional().describe('As an export has them; of an export they are its own, and not said here.'),
  schema: schema.removeDefault().optional().describe('As an export has it; `typed` when left out.'),
  from: time.describe('Time of the first event. Milliseconds since the epoch, or ISO 8601 with a zone.'),
  to: time.describe('Only events before.'),
  rate: z
    .int()
    .min(1)
    .max(1_000_000)
    .nullable()
    .optional()
    .describe(
      `Events a second at most; null: as fast as it goes. Left out: ${DEFAULT_PACE.rate}, and at most a twentieth of the time of one core.`,
    ),
});
export type ReplayInput = z.output<typeof replayShape>;
