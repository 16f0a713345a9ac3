/**
 * The sandbox chain: the runtime of a real Substrate chain, executed by chopsticks, on 127.0.0.1 only.
 * Arguments `--port N [--host ADDRESS] [--db FILE]`; prints one JSON line when it listens.
 */
import { parseArgs } from 'node:util';
import { startBlockPolicy } from './block-policy.ts';
import { sandboxGenesis } from './genesis.ts';
import { withBlockPolicy } from './rpc.ts';
import { withoutCode } from './without-code.ts';

/** Blocks that stay addressable in memory; older ones come from the database, if there is one. */
const BLOCKS_IN_MEMORY = 10_000;

process.env.LOG_LEVEL ??= 'error';
const { setupContext } = await import('@acala-network/chopsticks/context');
const { createServer } = await import('@acala-network/chopsticks/server');
const { handler } = await import('@acala-network/chopsticks/rpc/index');
const { BuildBlockMode } = await import('@acala-network/chopsticks');

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    // A container listens on all of its own addresses; anything else stays on this machine.
    host: { type: 'string', default: '127.0.0.1' },
    db: { type: 'string' },
  },
});
const port = Number(values.port);
if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`--port takes 0…65535, not ${values.port}.`);

const log = (level: string, message: string, fields: Record<string, unknown> = {}): void => {
  process.stdout.write(
    `${JSON.stringify({ timestamp: new Date().toISOString(), level, logger: 'chain', message, ...fields })}\n`,
  );
};

const { chain } = await setupContext({
  genesis: await sandboxGenesis(),
  'build-block-mode': BuildBlockMode.Manual,
  'mock-signature-host': false,
  'max-memory-block-count': BLOCKS_IN_MEMORY,
  // Setting up makes a block 1 of its own (its time is the wall clock's): it must not replace the stored one.
  'save-blocks': false,
  ...(values.db ? { db: values.db } : {}),
} as unknown as Parameters<typeof setupContext>[0]);

const { db } = chain;
if (db) {
  const save = db.saveBlock.bind(db);
  db.saveBlock = (block) => save(withoutCode(block));
}
const stored = await db?.queryHighestBlock();
Object.assign(chain, { saveBlocks: true });
if (stored) {
  const block = await chain.loadBlockFromDB(stored.number);
  if (!block)
    throw new Error(`Block ${stored.number} of ${values.db} cannot be loaded: remove the file to start anew.`);
  await chain.setHead(block);
} else {
  await chain.saveBlockToDB(chain.head);
}

const policy = startBlockPolicy(
  async () => {
    const waiting = chain.txPool.pendingExtrinsics.length > 0;
    await chain.newBlock();
    return waiting;
  },
  (error) => log('error', 'block not built', { error: String(error) }),
);

const server = await createServer(withBlockPolicy(chain, handler({ chain }), policy), port, values.host);
if (port !== 0 && server.port !== port)
  throw new Error(`Port ${port} of ${values.host} is taken; choose another with --port.`);
log('info', 'listening', { port: server.port, head: chain.head.number, hash: chain.head.hash });

let stopping = false;
async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  policy.stop();
  await server.close();
  await chain.txPool.upcomingBlocks();
  await chain.close();
  process.exit(0);
}
process.on('SIGTERM', () => void stop());
process.on('SIGINT', () => void stop());
