import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { type Claim, toHex, type Verdict } from '../../protocol/index.ts';
import { app as appKeys, operator } from '../../test/support/api.ts';
import type { ExtractLine } from '../../test/support/extract-lines.ts';
import { HOUR, type Party, type ReadingWorld, readingWorld } from '../../test/support/reading-world.ts';
import { verifyWallet } from './verify-wallet.ts';
import { openWalletSource } from './wallet-source.ts';

interface Told {
  readonly sessions: readonly {
    readonly session: string | null;
    readonly events: unknown[];
    readonly claims: readonly Claim[];
  }[];
  readonly claims: readonly Claim[];
}
type Lines = readonly ExtractLine[];
interface Lie {
  readonly lines?: (lines: Lines) => Lines;
  readonly receipt?: (receipt: Record<string, string>) => unknown;
}

let world: ReadingWorld;
let owner: Party;
let source: string;
beforeAll(async () => {
  world = await readingWorld();
});
afterAll(() => world.close());
beforeEach(async () => {
  owner = world.party('owner');
  source = toHex(randomBytes(16));
  for (const seq of [0, 1, 2]) await store(seq);
});

/** Batch `seq`: an event of each of two sessions, of which the second lasts to the end. */
async function store(seq: number): Promise<void> {
  const time = `2026-01-0${seq + 1}T00:00:00.000Z`;
  const { events } = world.batchOf(owner, 2, time);
  const named = events.map((event, i) => ({ ...event, session: seq === 2 || i === 1 ? 'evening' : 'morning' }));
  await world.store(world.batchOf(owner, 2, time, { events: named, source, seq }));
}

/** The API, with something on the way that changes what it shows. */
function lying({ lines, receipt }: Lie): typeof fetch {
  return async (url, init) => {
    const answer = await fetch(url, init);
    const { pathname } = new URL(String(url));
    if (receipt && pathname.endsWith('/receipt')) {
      const said = receipt((await answer.json()) as Record<string, string>);
      return said === null ? Response.json({ code: 'unknown_batch' }, { status: 404 }) : Response.json(said);
    }
    if (!lines || !pathname.endsWith('/events')) return answer;
    const came = (await answer.text()).trimEnd().split('\n');
    const said = lines(came.map((line) => JSON.parse(line) as ExtractLine));
    return new Response(said.map((line) => `${JSON.stringify(line)}\n`).join(''), { status: answer.status });
  };
}

async function told(lie: Lie = {}, more: { session?: string; by?: 'wallet' | 'app' } = {}) {
  const { session, by = 'wallet' } = more;
  const named = { network: 'cere-sandbox', app: toHex(world.app), wallet: toHex(owner.account.publicKey) };
  const keyPair = by === 'wallet' ? owner.account : appKeys;
  const asker = { keyPair, algorithm: 'sr25519', signer: by } as const;
  const from = openWalletSource(world.it.url, named, asker, lying(lie));
  const wanted = { owner: named, operator: { key: operator.publicKey }, ...(session === undefined ? {} : { session }) };
  const { bad, json, text } = await verifyWallet(from, wanted, {});
  const { sessions, claims } = json as Told;
  const find = (verdict: Verdict) =>
    [...sessions.flatMap((one) => one.claims), ...claims].filter((one) => one.verdict === verdict);
  const failed = [...new Set(find('failed').map(({ claim }) => claim))];
  return { bad, text, sessions, claims, failed, open: find('not stated') };
}

/** Without a batch and its events, by its place in the stream. */
const without = (place: number) => (lines: Lines) => {
  let at = -1;
  return lines.filter((line) => {
    if (line.batch) at += 1;
    return !((line.batch || line.event) && at === place);
  });
};
const changed =
  (change: (line: ExtractLine) => ExtractLine) =>
  (lines: Lines): Lines =>
    lines.map(change);

test('all sessions hold, one by one, and nothing is missing', async () => {
  const { bad, sessions, claims } = await told();
  expect(bad).toBe(false);
  expect(sessions.map((one) => [one.session, one.events.length])).toEqual([
    ['morning', 2],
    ['evening', 4],
  ]);
  for (const one of sessions)
    expect(one.claims.slice(0, 2)).toMatchObject([
      { claim: 'signature', verdict: 'ok' },
      { claim: 'operator', verdict: 'ok' },
    ]);
  expect(claims).toEqual([
    { claim: 'complete', verdict: 'ok', detail: `source ${source}: batches 0 to 2, none missing` },
  ]);
  const morning = await told({}, { session: 'morning' });
  expect(morning.sessions.map((one) => one.session)).toEqual(['morning']);
  expect((await told({}, { session: 'noon' })).failed).toEqual(['session']);
});

test.each<[name: string, lie: Lie, failed: string[]]>([
  ['a hidden beginning', { lines: without(0) }, ['complete']],
  ['a hidden batch between', { lines: without(1) }, ['complete']],
  ['a hidden end', { lines: without(2) }, ['complete']],
  [
    'one hidden event',
    { lines: (lines) => lines.filter((line) => line.event !== lines.find((l) => l.event)?.event) },
    ['complete'],
  ],
  ['nothing said of numbers', { lines: (lines) => lines.filter((line) => !line.completeness) }, ['complete']],
  [
    'a changed event',
    { lines: changed((line) => (line.event ? { ...line, event: { ...line.event, type: 'OTHER' } } : line)) },
    ['signature'],
  ],
  [
    'an event at another place',
    {
      lines: changed((line) =>
        line.event ? { ...line, event: { ...line.event, index: 1 - line.event.index } } : line,
      ),
    },
    ['signature'],
  ],
  [
    'a batch of another wallet',
    { lines: changed((line) => (line.batch ? { ...line, batch: { ...line.batch, wallet: '07'.repeat(32) } } : line)) },
    ['signature'],
  ],
  ['no receipt', { receipt: () => null }, ['operator']],
  ['a receipt that nobody signed', { receipt: (one) => ({ ...one, signature: '00'.repeat(64) }) }, ['operator']],
])('%s fails', async (_name, lie, failed) => {
  const { bad, failed: found } = await told(lie);
  expect(bad).toBe(true);
  expect(found).toEqual(expect.arrayContaining(failed));
});

test('a receipt of another batch fails', async () => {
  let first: unknown;
  const { failed } = await told({
    receipt(one) {
      first ??= one;
      return first;
    },
  });
  expect(failed).toContain('operator');
});

test('a batch that became a void is accounted for by the index’s word: claimed, and no failure', async () => {
  const said = (lines: Lines) =>
    changed((line) =>
      line.completeness
        ? {
            completeness: {
              ...line.completeness,
              voids: [{ source, seq: 1, batchId: '09'.repeat(32), reason: 'dead' }],
            },
          }
        : line,
    )(without(1)(lines));
  const { bad, claims } = await told({ lines: said });
  expect(bad).toBe(false);
  expect(claims).toMatchObject([{ claim: 'complete', verdict: 'claimed (not checked)' }]);
  expect(claims[0]?.detail).toContain('1 void (dead)');
});

test('what its client encrypted is not said to be signed', async () => {
  const { batch, batchId } = await world.clientBatch(owner, 1);
  await world.store(batch);
  const { bad, open } = await told();
  expect(bad).toBe(false);
  expect(open).toContainEqual({
    ...{ claim: 'signature', verdict: 'not stated' },
    detail: expect.stringContaining(toHex(batchId)),
  });
});

test('to an app a gap says nothing: it sees what the policy covers', async () => {
  await owner.requests.policy({ scopes: ['profile'], recipients: 'app', expiresAt: world.now() + HOUR });
  world.cachesEnd();
  expect(await told({ lines: without(1) }, { by: 'app' })).toMatchObject({
    ...{ bad: false, claims: [{ claim: 'complete', verdict: 'not stated' }] },
  });
});
