import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSink } from '../../connectors/sinks/index.ts';
import type { ExportRow } from '../../services/pipeline/ports/sink.ts';

/**
 * Run by itself, in a mount namespace of its own (`unshare -m`): tries a sink on a file system that is really full, and prints what its
 * calls answer. `node full-disk.ts <sink> <folder>`
 */
const [kind = '', folder = ''] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder]);

const row = (origin: number, wallet: string): ExportRow => ({
  app: 'a1'.repeat(32),
  wallet,
  batchId: '00'.repeat(32),
  eventId: `event-${origin}`,
  type: 'purchase',
  time: 0,
  session: null,
  blob: null,
  signer: 'wallet',
  source: 'c3'.repeat(16),
  seq: origin,
  slot: 0,
  origin,
  partition: 0,
  issuedAt: 1_000,
  verified: true,
  table: { name: 'events', version: 0, columns: [{ name: 'scope_purchase', type: 'string' }] },
  values: { scope_purchase: 'x'.repeat(100) },
});
const [kept, gone] = ['b2'.repeat(32), 'd4'.repeat(32)];
const delivery = (origin: number) => ({
  partition: 0,
  from: { next: origin, mark: origin - 1 },
  to: { next: origin + 1, mark: origin },
  first: origin,
  last: origin,
});
const answers: unknown[] = [];
const answer = (call: Promise<unknown>) =>
  call.then(
    (value) => answers.push(value ?? 'done'),
    ({ retriable, code, message }) => answers.push({ retriable, code, full: /no space left/i.test(message) }),
  );

/** Takes all space there is. */
const ballast = join(folder, 'ballast');
const fill = () => writeFile(ballast, new Uint8Array(8 * 1024 * 1024)).catch(({ code }) => code);
const free = () => rm(ballast);

const sink = createSink(kind, { folder }, { log: 'f6', name: 'shop' });
await sink.check();
await answer(sink.put([row(0, kept), row(0, gone)], delivery(0)));
await fill();
await answer(sink.put([row(1, kept)], delivery(1)));
await answer(sink.erase([{ app: 'a1'.repeat(32), wallet: gone, before: 2, issuedAt: 1 }]));
await free();
await answer(sink.put([row(1, kept)], delivery(1)));
await answer(sink.erase([{ app: 'a1'.repeat(32), wallet: gone, before: 2, issuedAt: 1 }]));
await answer(sink.position(0));
await sink.close();
process.stdout.write(JSON.stringify(answers));
