import { z } from 'zod';
import { replayShape } from '../pipeline/replays/shape.ts';
import { hex32 } from './shapes.ts';

/** The shapes of replays. */

const millis = z.int().min(0).describe('Milliseconds since the epoch.');
const names = z.array(z.string());
const count = z.int().min(0);
const read = z.object({ batches: count, events: count });
const planned = z
  .object({ first: count, last: count, batches: count, events: count })
  .nullable()
  .describe('Origins from `first` to `last`; null: nothing is read from there.');

/** The body of a request for a replay. */
export const replay = replayShape;

export const replayId = z
  .string()
  .regex(/^[0-9a-f]{8,64}$/, 'must be lower-case hex')
  .describe('Of the replay.');

export const replayView = z.object({
  id: z.string(),
  state: z
    .enum(['pending', 'running', 'paused', 'cancelled', 'done', 'failed'])
    .describe('`failed`: no repetition mends it, see `error`; it goes on when it is resumed.'),
  app: hex32,
  wallet: hex32.nullable().describe('null: of every wallet.'),
  types: names.nullable().describe('null: of every type.'),
  from: millis.nullable().describe('Time of the first event; null: from the beginning.'),
  to: millis.nullable().describe('Only events before; null: up to what was pinned when it was made.'),
  scopes: names,
  schema: z.enum(['typed', 'text']),
  target: z
    .union([
      z.object({ export: z.string() }),
      z.object({ sink: z.string(), config: z.record(z.string(), z.unknown()) }),
    ])
    .describe('Secrets are references: what stands behind them is nowhere shown.'),
  rate: z.int().min(1).nullable().describe('Events a second at most; null: as fast as it goes.'),
  cpuShare: z
    .number()
    .gt(0)
    .max(1)
    .nullable()
    .describe("Of one core's time at most, where no rate was said; null: as much as it takes."),
  by: z
    .string()
    .regex(/^(operator|app|wallet:[0-9a-f]{64})$/)
    .describe('Who asked for it; into an export, who declared that.'),
  createdAt: millis,
  startedAt: millis.nullable().describe('When it began to read; null: not yet.'),
  endedAt: millis.nullable(),
  origins: z
    .object({ done: count, all: count })
    .describe('What is behind it, and what it reads in all: accepted batches of all apps.'),
  kafka: read.describe('Read from Kafka. A process that is killed may not have told its last delivery.'),
  ipfs: read.describe('Read from IPFS, through the index.'),
  rows: count.describe('Taken by the target, likewise.'),
  etaMs: count.nullable().describe('Milliseconds that are left; null while that is not known.'),
  error: z
    .object({ code: z.string(), message: z.string() })
    .nullable()
    .describe('Why it failed, or what it waits for.'),
  partitions: z.record(z.string(), z.object({ mark: z.int().min(-1), until: z.int().min(-1), log: read, index: read })),
});

export const replayList = z.object({ replays: z.array(replayView) });

export const replayPlan = z.object({
  valid: z.literal(true),
  partitions: z.array(
    z.object({
      partition: count,
      until: z.int().min(-1).describe('Last origin that it would read.'),
      index: planned,
      log: planned.unwrap().extend({ offset: count }).nullable().describe('From this offset of Kafka on.'),
    }),
  ),
});
