import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Claim, disclose, ready, toHex, type Verdict, verifyBatch } from '../../protocol/index.ts';
import type { DisclosedEvent } from '../../sdk/js/index.ts';
import { operator, signed, statedBatchOf, statedReceipt } from '../../test/support/stated-receipts.ts';
import { judgeCompleteness } from './sessions.ts';
import { verifyWallet } from './verify-wallet.ts';
import type { WalletSource } from './wallet-source.ts';

interface Told {
  readonly sessions: readonly {
    readonly session: string | null;
    readonly events: unknown[];
    readonly claims: readonly Claim[];
  }[];
  readonly claims: readonly Claim[];
}

let batchId: string;
let owner: { network: string; app: string; wallet: string };

beforeAll(async () => {
  await ready();
  const { header, batchId: id } = verifyBatch(statedBatchOf(), { network: 'cere-testnet' });
  batchId = toHex(id);
  owner = { network: 'cere-testnet', app: header.app, wallet: header.wallet };
});

const shown = (over: Parameters<typeof statedBatchOf>[0] = {}): DisclosedEvent[] => {
  const batch = verifyBatch(statedBatchOf(over), { network: 'cere-testnet', ...over });
  return batch.events.map((_, index) => ({
    ...{ batchId: toHex(batch.batchId), subject: '00'.repeat(32), rootVersion: 1, epoch: 0, content: 'checked' },
    ...{
      locator: { cluster: 'c', segment: 's', slot: 0, index },
      disclosure: disclose(batch, index, []),
      envelopes: {},
    },
  }));
};

/** What an honest service answers, unless it is told otherwise. */
const service = (over: Partial<WalletSource> = {}): WalletSource => ({
  events: async () => shown(),
  batchIds: async () => [batchId],
  receipt: async () => statedReceipt('batch').receipt,
  ...over,
});

async function told(source: WalletSource, more: { session?: string; seesAll?: boolean } = {}) {
  const wanted = { owner, operator: { key: operator().publicKey }, seesAll: true, ...more };
  const { bad, json, text } = await verifyWallet(source, wanted, {});
  const { sessions, claims } = json as Told;
  const find = (verdict: Verdict) =>
    [...sessions.flatMap((one) => one.claims), ...claims].filter((one) => one.verdict === verdict);
  return {
    bad,
    text,
    sessions,
    failed: [...new Set(find('failed').map(({ claim }) => claim))],
    open: find('not stated'),
  };
}

describe('all events of a wallet', () => {
  test('hold session by session, and nothing is missing between', async () => {
    const { bad, sessions, text } = await told(service());
    expect(bad).toBe(false);
    expect(sessions.map(({ session, events }) => [session, events.length])).toEqual([
      ['session 0', 2],
      ['session 1', 1],
    ]);
    expect(text).toContain('batches 3 to 3, none missing between');
    expect((await told(service(), { session: 'session 1' })).sessions).toHaveLength(1);
  });

  test.each<[name: string, over: () => Partial<WalletSource>, claims: string[]]>([
    ['an event of another network', () => ({ events: async () => shown({ network: 'cere-othernet' }) }), ['signature']],
    [
      'an event under another batch id',
      () => ({ events: async () => shown().map((one) => ({ ...one, batchId: '00'.repeat(32) })) }),
      ['signature', 'operator'],
    ],
    [
      'a changed proof',
      () => ({
        events: async () =>
          shown().map((one) => ({ ...one, disclosure: one.disclosure && { ...one.disclosure, index: 0 } })),
      }),
      ['signature'],
    ],
    [
      'a receipt of another batch',
      () => ({
        receipt: async () =>
          signed({ ...statedReceipt().stated, batch: { ...statedReceipt().stated.batch, id: new Uint8Array(32) } }),
      }),
      ['operator'],
    ],
    [
      'a receipt that nobody signed',
      () => ({ receipt: async () => ({ ...statedReceipt().receipt, signature: '00'.repeat(64) }) }),
      ['operator'],
    ],
    [
      'a batch between that is not shown',
      () => ({
        events: async () => [...shown(), ...shown({ seq: 5 })],
        receipt: async (id) => (id === batchId ? statedReceipt().receipt : null),
      }),
      ['complete'],
    ],
  ])('%s fails', async (_name, over, claims) => {
    const { bad, failed } = await told(service(over()));
    expect(bad).toBe(true);
    expect(failed).toEqual(expect.arrayContaining(claims));
  });

  test('a session that nobody was shown fails', async () => {
    expect((await told(service(), { session: 'noon' })).failed).toEqual(['session']);
  });

  test('what is sealed is not said to be signed; an event that is shown without a receipt of its batch fails', async () => {
    const sealed = shown().map((one) => ({ ...one, disclosure: null, content: 'unchecked' as const }));
    expect((await told(service({ events: async () => sealed }))).open[0]).toMatchObject({ claim: 'signature' });
    const none = await told(service({ receipt: async () => null }));
    expect([none.bad, none.failed]).toEqual([true, ['operator']]);
  });

  test('to an app a gap says nothing: it sees what its policy covers', () => {
    const source = '0a'.repeat(16);
    const seqs = [0, 2].map((seq) => ({ signer: 'wallet', source, seq }));
    expect(judgeCompleteness(seqs, true)).toMatchObject([{ verdict: 'failed' }]);
    expect(judgeCompleteness(seqs, false)).toMatchObject([{ verdict: 'not stated' }]);
  });
});
