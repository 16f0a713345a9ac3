import { sql } from 'kysely';
import { MOST_RUNS, type Sequences } from '../../services/pipeline/ports/index-store.ts';
import type { Database } from './database.ts';
import type { VoidsTable } from './migrations/020-index.ts';

interface RunRow {
  wallet: Uint8Array;
  partition: number;
  signer: 'wallet' | 'app';
  source: Uint8Array;
  first: number;
  last: number;
}
interface VoidRow {
  wallet: Uint8Array;
  partition: number;
  source: Uint8Array;
  seq: number;
  batch_id: Uint8Array;
  reason: VoidsTable['reason'];
}

const keyOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** See `IndexStore.sequences`: numbers that follow one another have the same distance to their rank, so each run is one row. */
export async function sequencesOf(
  db: Database,
  app: Uint8Array,
  wanted: { wallet: Uint8Array } | { after: Uint8Array | null; limit: number },
  marks: ReadonlyMap<number, number>,
): Promise<Sequences[]> {
  const wallets = 'wallet' in wanted ? [wanted.wallet] : await walletsOf(db, app, wanted);
  if (wallets.length === 0) return [];
  const bounds = sql`unnest(${[...marks.keys()]}::int[], ${[...marks.values()]}::bigint[]) AS m (partition, mark)`;
  const keys = wallets.map((wallet) => Buffer.from(wallet));
  const { rows: runs } = await sql<RunRow>`
    SELECT r.* FROM unnest(${keys}::bytea[]) AS w (wallet) CROSS JOIN LATERAL (
      SELECT s.wallet, min(s.partition) AS partition, s.signer, s.source, min(s.seq) AS first, max(s.seq) AS last
      FROM (
        SELECT b.wallet, b.partition, b.signer, b.source, b.seq,
          b.seq - dense_rank() OVER (PARTITION BY b.signer, b.source ORDER BY b.seq) AS run
        FROM batches b JOIN ${bounds} ON m.partition = b.partition AND b.origin <= m.mark
        WHERE b.app = ${app} AND b.wallet = w.wallet
      ) s GROUP BY s.wallet, s.signer, s.source, s.run ORDER BY s.signer COLLATE "C", s.source, first LIMIT ${MOST_RUNS + 1}
    ) r`.execute(db.kysely);
  const { rows: voids } = await sql<VoidRow>`
    SELECT r.* FROM unnest(${keys}::bytea[]) AS w (wallet) CROSS JOIN LATERAL (
      SELECT v.wallet, v.partition, v.source, v.seq, v.batch_id, v.reason
      FROM voids v JOIN ${bounds} ON m.partition = v.partition AND v.origin <= m.mark
      WHERE v.app = ${app} AND v.wallet = w.wallet AND v.source IS NOT NULL AND v.seq IS NOT NULL AND v.reason <> 'duplicate'
      ORDER BY v.partition, v.origin LIMIT ${MOST_RUNS + 1}
    ) r`.execute(db.kysely);
  const [runsBy, voidsBy] = [byWallet(runs), byWallet(voids)];
  return wallets.map((wallet) => {
    const [live, dead] = [runsBy.get(keyOf(wallet)) ?? [], voidsBy.get(keyOf(wallet)) ?? []];
    return {
      wallet,
      partition: live[0]?.partition ?? dead[0]?.partition ?? 0,
      live: live.slice(0, MOST_RUNS).map(({ signer, source, first, last }) => ({ signer, source, first, last })),
      voids: dead
        .slice(0, MOST_RUNS)
        .map(({ source, seq, batch_id, reason }) => ({ source, seq, batchId: batch_id, reason })),
      isCut: live.length > MOST_RUNS || dead.length > MOST_RUNS,
    };
  });
}

function byWallet<T extends { wallet: Uint8Array }>(rows: readonly T[]): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const row of rows) {
    const mine = found.get(keyOf(row.wallet));
    if (mine) mine.push(row);
    else found.set(keyOf(row.wallet), [row]);
  }
  return found;
}

/** From wallet to wallet by the index, however many batches each has. */
async function walletsOf(
  { kysely }: Database,
  app: Uint8Array,
  { after, limit }: { after: Uint8Array | null; limit: number },
): Promise<Uint8Array[]> {
  const { rows } = await sql<{ wallet: Uint8Array }>`
    WITH RECURSIVE w AS (
      (SELECT wallet FROM batches WHERE app = ${app} AND wallet > ${after ?? new Uint8Array()}::bytea ORDER BY wallet LIMIT 1)
      UNION ALL
      SELECT (SELECT b.wallet FROM batches b WHERE b.app = ${app} AND b.wallet > w.wallet ORDER BY b.wallet LIMIT 1)
      FROM w WHERE w.wallet IS NOT NULL
    )
    SELECT wallet FROM w WHERE wallet IS NOT NULL LIMIT ${limit}`.execute(kysely);
  return rows.map((row) => row.wallet);
}
