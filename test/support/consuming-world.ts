import { memoryCodecs } from '../../connectors/registry/index.ts';
import { encryptionKeyPairFromSeed, type KeyPair, toHex } from '../../protocol/index.ts';
import type { Pinned } from '../../schemas/index.ts';
import { type Account, Ddc, DdcClient, type PinnedLog } from '../../sdk/js/index.ts';
import { pinnedMember } from '../../sdk/js/kafka/pinned-member.ts';
import { batchesPinned } from '../../topics/batches-pinned.ts';
import { batchesReceived } from '../../topics/batches-received.ts';
import { app as appKeys, startMemoryApi } from './api.ts';
import { memoryRooms } from './memory-rooms.ts';

const PINNED = 'pinned';
const PARTITIONS = 4;
const HOUR = 3_600_000;
const app = appKeys.publicKey;

/** The API over memory twins, the rooms behind it, and the topic `pinned` that they write, for consumers of it. */
export async function consumingWorld() {
  const it = await startMemoryApi();
  const rooms = memoryRooms(it, it.vault);
  const codec = await memoryCodecs().for(batchesPinned);
  const writer = it.log.writer();
  const client = new DdcClient({ endpoint: it.url, network: 'cere-sandbox', app, maxEvents: 2, maxDelayMs: 1 });
  let logId = '00'.repeat(16);
  let sent = 0;
  let isClosed = false;
  let change: (value: Pinned) => void = () => undefined;

  /** Appends records of `pinned` as the pinner does. */
  async function append(from: number): Promise<void> {
    for (const { origin, value } of rooms.pinned.slice(from)) {
      change(value);
      const record = { key: value.wallet, value: codec.encode(value), headers: { origin: String(origin) } };
      await writer.send(PINNED, (value.wallet[0] ?? 0) % PARTITIONS, [record]);
    }
  }

  const log: PinnedLog = {
    join: async (join) =>
      pinnedMember({
        ...join,
        ...{ codec, logId, partitions: PARTITIONS, topics: { received: batchesReceived.name, pinned: PINNED } },
        consumer: it.log.consumer({ group: join.group, topic: PINNED }),
        lookup: it.log.lookup(),
        pace: { idleMs: 20, compareMs: 50, checkMs: 50 },
      }),
  };

  /** Everything that was accepted is indexed, and in the log. */
  async function settle(): Promise<void> {
    await rooms.run();
    const from = sent;
    sent = rooms.pinned.length;
    await append(from);
  }

  return {
    it,
    app,
    log,
    rooms,
    append,
    client,
    /** What the pinner would not have done to the records from now on. */
    changing(how: (value: Pinned) => void): void {
      change = how;
    },
    newLog(): void {
      logId = 'ff'.repeat(16);
    },
    /** Events of a wallet, two to a batch: each has a purchase and a profile. @returns their ids */
    async write(account: Account, count: number, first = 0): Promise<string[]> {
      const stream = client.stream(account, { purchase: ['n'], profile: ['name'] });
      const ids = Array.from({ length: count }, (_, i) => {
        const data = { n: first + i, name: `name ${first + i}` };
        return stream.put({ type: i % 2 === 0 ? 'EVEN' : 'ODD', session: `s${first + i}`, data });
      });
      client.flush();
      const written = ids.map(({ eventId }) => eventId);
      let isOver = false;
      const safe = Promise.all(ids.map(({ safe: one }) => one)).finally(() => {
        isOver = true;
      });
      // Heard of below.
      safe.catch(() => undefined);
      while (!isOver && !isClosed) {
        await settle();
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await safe;
      await settle();
      return written;
    },
    async grant(owner: Account, to: Reading, scope = 'purchase'): Promise<void> {
      const expiresAt = Date.now() + HOUR;
      const recipient = to.pair.publicKey;
      await client.requests(owner).grant({ scope, fromEpoch: 0, recipient, expiresAt });
    },
    async reader(account: Account, pair = encryptionKeyPairFromSeed(account.publicKey)): Promise<Reading> {
      const ddc = await Ddc.connect({ url: it.url, app, account, pair, network: 'cere-sandbox', receiptKey: app });
      await ddc.certify(new Date(Date.now() + HOUR));
      return { ddc, pair, hex: toHex(account.publicKey) };
    },
    async close(): Promise<void> {
      isClosed = true;
      client.close();
      await it.api.close();
    },
  };
}

export type ConsumingWorld = Awaited<ReturnType<typeof consumingWorld>>;

export interface Reading {
  readonly ddc: Ddc;
  readonly pair: KeyPair;
  readonly hex: string;
}
