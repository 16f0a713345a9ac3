import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { allowExports } from '../../cli/demo/allow.ts';
import { DdcClient, type RemovedSelection } from '../../sdk/js/index.ts';
import { accounts, disclosed, exported, stated, untilExported, write } from '../erasure/removing.ts';
import { rewind } from '../erasure/rewind.ts';
import { type SuiteSandbox, suiteSandbox } from '../support/sandbox.ts';

let it: SuiteSandbox;
beforeAll(async () => {
  it = await suiteSandbox('removal');
}, 120_000);
afterAll(() => it?.close());

const TIME = Date.UTC(2026, 0, 2);

test('what is removed is gone from reads and exports, also what was on its way, and no replay brings it back', async () => {
  const { network, api: endpoint } = it.deployment;
  const client = new DdcClient({ endpoint, network, app: it.app });
  const [mine, other] = await accounts(2);
  if (!mine || !other) throw new Error('no accounts');
  await allowExports(
    client,
    [mine, other].map((wallet) => ({ wallet, scopes: ['purchase'] })),
  );
  const requests = client.requests(mine);
  const ids = (events: readonly { readonly id: string }[]) => events.map(({ id }) => id);

  const kept = await write(it, mine, { count: 4, session: 'kept', time: TIME });
  const gone = await write(it, mine, { count: 4, session: 'gone', time: TIME + 60_000 });
  const theirs = await write(it, other, { count: 4, session: 'gone', time: TIME });
  await untilExported(it, [...kept, ...gone, ...theirs]);

  // One that has been accepted and is encrypted only after its session is removed.
  await it.sandbox.rooms.stop('encryptor');
  const late = await write(it, mine, { count: 3, session: 'late', time: TIME + 120_000 });
  const selections: RemovedSelection[] = [
    { events: [ids(kept)[0] as string] },
    { from: TIME + 1_000, to: TIME + 2_000 },
    { session: 'gone' },
    { session: 'late' },
  ];
  const removals: string[] = [];
  for (const selection of selections) removals.push((await requests.remove(selection)).id);
  const left = [...ids(kept).slice(2)].sort();
  expect(await disclosed(client, mine)).toEqual(left);
  await it.sandbox.rooms.start('encryptor');
  const recorded = await write(it, mine, { count: 1, session: 'gone', time: TIME + 200_000 });

  const rows: unknown[] = [];
  for (const id of removals) {
    const receipt = await stated(it, await requests.removed(id));
    expect(receipt).toMatchObject({ kind: 'removal', number: 1, physicalRemoval: 'pending' });
    expect(receipt.stores).toMatchObject({ api: 'invalidated', ipfs: 'pending', 'export:sandbox': 'removed' });
    rows.push((receipt.exports as { applied: { rows: number }[] }).applied.map((one) => one.rows));
  }
  expect(rows).toEqual([[1], [1], [4], [0]]);
  await untilExported(it, recorded);
  const everything = [...kept, ...gone, ...late, ...theirs, ...recorded];
  const shown = [...kept.slice(2), ...theirs, ...recorded];
  expect(await exported(it, everything)).toEqual(ids(shown));
  expect(await disclosed(client, mine)).toEqual([...left, ...ids(recorded)].sort());

  // The export is made anew from 0, and more is removed while it is.
  const rebuilt = rewind(it, false);
  const during = await requests.remove({ events: [ids(kept)[3] as string] });
  await rebuilt;
  await requests.removed(during.id);
  const after = shown.filter(({ id }) => id !== ids(kept)[3]);
  await untilExported(it, after);
  expect(await exported(it, everything)).toEqual(ids(after));
  expect((await requests.removals()).map(({ kind, receipts }) => [kind, receipts])).toEqual(
    new Array(5).fill(['remove', 1]),
  );

  // Without the filter they all come back: it is what keeps them away.
  await rewind(it, false, { DDC_UNSAFE: 'removals' });
  await untilExported(it, everything);
  client.close();
}, 240_000);
