import { originOf } from '../../services/pipeline/rules/origin.ts';
import { readVerdict } from '../../services/pipeline/rules/read.ts';
import { ALL_RULES } from '../../services/pipeline/rules/rules.ts';
import { batchIdOf, batchOf, type Judged, TOPICS, type World } from './world.ts';

const text = (entries: readonly Judged[]) =>
  entries.map(({ origin, batch, reason }) => `${origin}:${batch}${reason ? ` ${reason}` : ''}`).join(', ');

/** What a reader that starts at 0 makes of `pinned`, by the read rule alone. */
function replay(world: World): Judged[] {
  const entries: Judged[] = [];
  let mark = -1;
  for (const record of world.log.records(TOPICS.pinned, 0)) {
    const origin = originOf(record);
    if (origin === null || readVerdict(origin, mark, ALL_RULES) !== 'accept') continue;
    mark = origin;
    const value = world.codecs.pinned.decode(record.value);
    entries.push({ origin, batch: batchOf(value), reason: value.reason });
  }
  return entries;
}

/** What must hold once the faults have stopped and everything is drained. @returns what does not, in words */
export async function violations(world: World): Promise<string[]> {
  const found: string[] = [];
  const { index, leaves } = world;
  const received = world.log.records(TOPICS.received, 0);
  if (!world.drained()) {
    const rows = (['encryptor', 'pinner', 'indexer', 'settler'] as const).map(
      (s) => `${s} ${world.row(s).next}/${world.row(s).mark}`,
    );
    found.push(`does not drain: ${rows.join(', ')}; received ends at ${received.length}`);
  }
  const origins = index.map(({ origin }) => origin);
  if (origins.some((origin, i) => origin !== i))
    found.push(`the index is not in origin order without holes: ${text(index)}`);
  for (const batch of world.acknowledged) {
    const mine = index.filter((entry) => entry.batch === batch);
    const alive = mine.filter(({ reason }) => reason === null).length;
    if (alive > 1) found.push(`batch ${batch} is indexed ${alive} times`);
    if (alive === 1) continue;
    const wallet = batch % 2;
    const flawed =
      world.flaws[batch] !== 'none' && mine.some(({ reason }) => reason === 'dead') && !world.retried.has(batch);
    const erased = world.erased.has(wallet) && mine.some(({ reason }) => reason === 'erased');
    if (alive === 0 && !flawed && !erased) found.push(`batch ${batch} is lost: ${text(mine)}`);
  }
  for (const { batch } of index) {
    const mine = index.filter((entry) => entry.batch === batch && entry.reason !== 'duplicate');
    const [shown] = await world.indexStore.batches([batchIdOf(batch)]);
    const expected = mine.find(({ reason }) => reason === null) ?? mine.at(-1);
    if ((shown?.origin ?? -1) !== (expected?.origin ?? -1))
      found.push(`the index shows batch ${batch} at origin ${shown?.origin}, not ${expected?.origin}`);
  }
  for (const origin of world.clashes) found.push(`a live batch came to the index a second time, at origin ${origin}`);
  const live = index.filter(({ reason }) => reason === null).length;
  if ((await world.settlementStore.uncut()) !== live)
    found.push(`${await world.settlementStore.uncut()} leaves for ${live} live batches`);
  if (text(leaves) !== text(index)) found.push(`the leaves are not the index: ${text(leaves)} / ${text(index)}`);
  if (text(replay(world)) !== text(index))
    found.push(`a replay from 0 differs: ${text(replay(world))} / ${text(index)}`);
  if (world.truthful) {
    for (const [alarm, n] of world.alarms) found.push(`${n} alarms "${alarm}" although the log told the truth`);
    const copies = new Set(
      world.log.records(TOPICS.dead, 0).map((record) => world.codecs.dead.decode(record.value).origin),
    );
    for (const { origin, reason } of index)
      if (reason === 'dead' && !copies.has(origin)) found.push(`no dead letter for origin ${origin}`);
  }
  return found;
}
