import { sql } from 'kysely';
import { repeated, takeHoldings } from '../../cli/census/census.ts';
import { exportedRows } from '../../cli/census/exported-rows.ts';
import { settlementProofs } from '../../cli/census/settlement.ts';
import { auditCharges } from '../../connectors/chain/audit.ts';
import { toHex } from '../../protocol/index.ts';
import type { Flow } from './flow.ts';
import { countCopies } from './log-copies.ts';
import { unnamedSegments } from './segments.ts';
import type { World } from './world.ts';

/** What one flow came to, counted at the stores. */
export interface Verdict {
  readonly label: string;
  /** Batches with a 202. */
  readonly accepted: number;
  readonly events: number;
  readonly resent: number;
  /** Batches reported dead or erased. */
  readonly reported: number;
  /** Ids that are not where they should be, by store. */
  readonly lost: Readonly<Record<'index' | 'ipfs' | 'settlement' | 'parquet' | 'events', readonly string[]>>;
  /** How many stand again after their first time, by store. */
  readonly doubled: Readonly<Record<'index' | 'ipfs' | 'leaves' | 'charges' | 'parquet', number>>;
  /** 202s whose place in `received` does not hold the batch. */
  readonly false202: number;
  /** Planck: transfers on the chain, and the fees of all leaves whose charge is final. */
  readonly transferred: bigint;
  readonly fees: bigint;
  readonly leftovers: Leftovers;
  /** Everything that must not be; empty when the flow passed. */
  readonly problems: readonly string[];
}

/** Lawful: counted, not failures. */
export interface Leftovers {
  /** Records of `encrypted` and `pinned` whose origin stood there before. */
  readonly encrypted: number;
  readonly pinned: number;
  /** Voids for batches that the client sent again. */
  readonly voids: number;
  /** Segments that no index row names. */
  readonly segments: number;
}

/** Counts everything since the last verdict of this world. The flow must have drained. @param lies a 202 may be false where the API is made to lie */
export async function judge(world: World, flow: Flow, lies = false): Promise<Verdict> {
  const stores = await world.stores();
  try {
    const accepted = [...flow.batches.keys()].filter((id) => !flow.reported.has(id));
    // Not only what had a 202: also batches whose answer was lost in a kill.
    const ids = await newBatches(world);
    const hex = new Set(ids.map((id) => toHex(id)));
    const holdings = await takeHoldings(stores, ids);
    const { chainRpc, exportFolder } = world.deployment;
    const chain = await auditCharges({ endpoint: chainRpc, operator: stores.operator, from: world.chainFrom });
    const proofs = await settlementProofs(world.database, ids, chain.charges);
    const exported = await exportedRows(exportFolder, hex);
    const log = await countCopies(world, flow);
    const { fees, open } = await feesOf(world);

    const settled = new Set(proofs.map(({ batchId }) => toHex(batchId)));
    const inParquet = new Map<string, Set<string>>();
    for (const { batchId, eventId } of exported) {
      const known = inParquet.get(batchId);
      if (known) known.add(eventId);
      else inParquet.set(batchId, new Set([eventId]));
    }
    const numbers = new Set<number>();
    for (const batch of holdings.opened.values()) {
      for (const event of batch.events) {
        const { flow: label, n } = JSON.parse(event.scopes.purchase ?? '{}') as { flow?: string; n?: number };
        if (label === flow.options.label && n !== undefined) numbers.add(n);
      }
    }
    const isWhole = (id: string) => {
      const rows = inParquet.get(id);
      return holdings.opened.get(id)?.events.every((event) => rows?.has(event.id)) ?? false;
    };
    const lost = {
      index: accepted.filter((id) => !hex.has(id)),
      ipfs: [...hex].filter((id) => !holdings.opened.has(id)),
      settlement: [...hex].filter((id) => !settled.has(id)),
      parquet: [...hex].filter((id) => !isWhole(id)),
      events: [...flow.safe].filter((n) => !numbers.has(n)).map(String),
    };
    const doubled = {
      index: repeated(holdings.rows.map((row) => toHex(row.batchId))) + (await judgedTwice(world)) + log.twice.length,
      ipfs: repeated(holdings.eventIds),
      leaves: repeated(proofs.map(({ batchId }) => toHex(batchId))),
      charges: repeated(chain.charges.map(({ round, app }) => `${round}/${toHex(app)}`)),
      parquet: repeated(exported.map(({ eventId }) => eventId)),
    };
    for (const id of hex) world.judged.add(id);
    const counts = { lost, doubled, false202: log.false202.length, transferred: chain.transferred, fees };
    return {
      label: flow.options.label,
      accepted: flow.batches.size,
      events: flow.given,
      resent: flow.resent,
      reported: flow.reported.size,
      ...counts,
      leftovers: {
        encrypted: log.copies.encrypted,
        pinned: log.copies.pinned,
        voids: log.voids,
        segments: await unnamedSegments(world, stores),
      },
      problems: [
        ...problemsOf({ ...counts, false202: lies ? 0 : counts.false202 }),
        ...flow.failures.slice(0, 5).map((failure) => `the SDK gave up: ${failure}`),
        ...holdings.failures.slice(0, 5).map((failure) => `does not open in IPFS: ${failure}`),
        ...(open > 0 ? [`${open} leaves are not final`] : []),
      ],
    };
  } finally {
    await stores.close();
  }
}

function problemsOf(v: Pick<Verdict, 'lost' | 'doubled' | 'false202' | 'transferred' | 'fees'>): string[] {
  const problems: string[] = [];
  for (const [where, ids] of Object.entries(v.lost)) {
    if (ids.length > 0) problems.push(`${ids.length} lost in ${where}: ${ids.slice(0, 3).join(', ')}`);
  }
  for (const [where, count] of Object.entries(v.doubled)) if (count > 0) problems.push(`${count} doubled in ${where}`);
  if (v.false202 > 0) problems.push(`${v.false202} answers 202 name a place that does not hold the batch`);
  if (v.transferred !== v.fees) problems.push(`the chain moved ${v.transferred} planck for fees of ${v.fees}`);
  return problems;
}

async function newBatches({ database, judged }: World): Promise<Uint8Array[]> {
  const { rows } = await sql<{ id: Uint8Array }>`SELECT batch_id AS id FROM batches ORDER BY partition, origin`.execute(
    database.kysely,
  );
  return rows.map(({ id }) => id).filter((id) => !judged.has(toHex(id)));
}

/** Records that the indexer let in twice: it keeps the second as a void of the very origin that has a row. */
async function judgedTwice({ database }: World): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    SELECT count(*) AS n FROM voids JOIN batches USING (partition, origin)`.execute(database.kysely);
  return rows[0]?.n ?? 0;
}

async function feesOf({ database }: World): Promise<{ fees: bigint; open: number }> {
  const { rows } = await sql<{ final: boolean; fee: string; n: number }>`
    SELECT rounds.state IS NOT DISTINCT FROM 'final' AS final, sum(leaves.fee)::text AS fee, count(*) AS n
    FROM leaves LEFT JOIN rounds USING (round, app) GROUP BY 1`.execute(database.kysely);
  const of = (final: boolean) => rows.find((row) => row.final === final);
  return { fees: BigInt(of(true)?.fee ?? '0'), open: of(false)?.n ?? 0 };
}
