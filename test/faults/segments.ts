import { decode } from '@ipld/dag-cbor';
import { sql } from 'kysely';
import { CID } from 'multiformats/cid';
import type { Stores } from '../../cli/census/stores.ts';
import { toHex } from '../../protocol/index.ts';
import type { World } from './world.ts';

/** How many segments this world's pinner has pinned that no row of its index names: what a flush leaves that was done again differently. */
export async function unnamedSegments(world: World, { ipfs }: Stores): Promise<number> {
  const { kysely } = world.database;
  const { rows: pins } = await sql<{ root: Uint8Array }>`SELECT root FROM pins`.execute(kysely);
  for (const { root } of pins) {
    const key = toHex(root);
    if (!world.pinned.has(key)) world.pinned.set(key, await segmentsOf(ipfs, root));
  }
  const { rows } = await sql<{ segment: Uint8Array }>`SELECT DISTINCT segment FROM batches`.execute(kysely);
  const named = new Set(rows.map(({ segment }) => toHex(segment)));
  const all = new Set([...world.pinned.values()].flat());
  return [...all].filter((segment) => !named.has(segment)).length;
}

/** Nothing when the flush died between noting the pin and making it. */
async function segmentsOf(ipfs: Stores['ipfs'], root: Uint8Array): Promise<string[]> {
  try {
    const { segments } = decode<{ segments: CID[] }>(await ipfs.block(CID.decode(root)));
    return segments.map((segment) => toHex(segment.bytes));
  } catch (error) {
    if (error instanceof Error && /not found/i.test(`${error.message} ${String(error.cause ?? '')}`)) return [];
    throw error;
  }
}
