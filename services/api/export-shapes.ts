import { z } from 'zod';
import { declarationShape } from '../pipeline/exports/shape.ts';
import { NOTE_CODES } from '../pipeline/ports/exports.ts';
import { address, hex32 } from './shapes.ts';

/** The shapes of declared exports. */

const millis = z.int().min(0).describe('Milliseconds since the epoch.');
const names = z.array(z.string());
const lag = z
  .object({
    batches: z.int().min(0).describe('Accepted by the log, and not yet taken.'),
    seconds: z
      .int()
      .min(0)
      .nullable()
      .describe('How long the oldest of them has waited; null: longer than the log keeps them.'),
  })
  .describe('How far behind.');
const trouble = z
  .object({ code: z.string(), message: z.string(), at: millis })
  .nullable()
  .describe('null: nothing went wrong.');

/** The body of a declaration. What it says of itself is checked member by member, so that everything that is wrong is told at once. */
export const declaration = declarationShape;

export const exportView = z.object({
  name: z.string(),
  app: hex32,
  address,
  types: names.nullable().describe('null: all.'),
  scopes: names,
  sink: z.string(),
  config: z
    .record(z.string(), z.unknown())
    .describe('Secrets are references: what stands behind them is nowhere shown.'),
  schema: z.enum(['typed', 'text']),
  from: z.union([z.enum(['beginning', 'now']), millis]),
  by: z
    .string()
    .regex(/^(operator|app|wallet:[0-9a-f]{64})$/)
    .describe('Who declared it: the operator, the app, or a partner.'),
  createdAt: millis,
  state: z.enum(['running', 'paused', 'ending']),
  health: z
    .enum(['running', 'behind', 'failing', 'paused', 'ending', 'waiting', 'stopped'])
    .describe(
      '`failing`: something keeps it from delivering, see `lastError`. `waiting`: no supervisor has begun with it.',
    ),
  rows: z.int().min(0).describe('Taken by the target. A process that is killed may not have told its last delivery.'),
  lag,
  lastError: trouble,
  notes: z
    .array(
      z.object({
        code: z.enum(NOTE_CODES),
        message: z.string().describe('The last of it, in words.'),
        count: z.int().min(0),
        at: millis,
      }),
    )
    .describe('What happened and keeps nothing from going on: rows that do not fit their schema, say. One of a kind.'),
  process: z
    .object({ state: z.enum(['up', 'waiting', 'down']), starts: z.int().min(0), at: millis })
    .nullable()
    .describe('As the supervisor says; null: none has seen it.'),
  partitions: z.array(
    z.object({
      partition: z.int().min(0),
      position: z.object({ next: z.int().min(0), mark: z.int().min(-1) }),
      rows: z.int().min(0),
      lag,
      at: millis.nullable(),
      lastError: trouble,
    }),
  ),
});

export const exportList = z.object({ exports: z.array(exportView) });

export const exportPage = exportView.extend({
  mayRead: z
    .object({
      wallets: z
        .int()
        .min(0)
        .describe('Those that have said something about readers that counts; 1,000 are looked at.'),
      more: z.boolean().describe('There are more.'),
      scopes: z
        .record(z.string(), z.int().min(0))
        .describe('Scope → how many of these wallets let the export read it now.'),
    })
    .describe('What wallets allow it now.'),
});

export const judged = z.object({
  valid: z.literal(true),
  starts: z
    .array(z.object({ next: z.int().min(0), mark: z.int().min(-1) }))
    .describe('Where each partition would start; empty: all at the beginning.'),
});

export const removing = z.object({
  name: z.string(),
  state: z.literal('ending').describe('It is not listed any more once its process has stopped.'),
  stays: z.string().describe('What is not removed with it, in words.'),
});

const TEXTS = z.array(z.string().min(1).max(128)).max(100);
export const offer = z.strictObject({
  scopes: z
    .array(z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/))
    .min(1)
    .max(64)
    .describe("What a partner may ask for. Whether it may read a wallet's, the wallet decides."),
  types: TEXTS.min(1).nullable().default(null).describe('Event types; null: all.'),
  sinks: TEXTS.describe('Names of sinks, of those that the operator allows; none: nobody attaches any more.'),
  partners: z
    .array(hex32)
    .max(100)
    .nullable()
    .default(null)
    .describe('Wallets of partners; null: whoever holds a grant.'),
  expiresAt: millis.describe('Nobody attaches from then on; what is attached stays. Milliseconds since the epoch.'),
});

export const offerView = z.object({
  scopes: names,
  types: names.nullable(),
  sinks: names,
  partners: z.array(hex32).nullable(),
  expiresAt: millis,
});
