import { beforeAll, expect, test } from '@jest/globals';
import { isKindName, type KindName, keyPairFromSeed, parseRequest, ready } from '../../protocol/index.ts';
import { bodyExamples } from '../../services/api/examples.ts';
import { plainOf, type Signing, signPlain } from './complete.ts';

function signing(): Signing {
  const pair = keyPairFromSeed('sr25519', new Uint8Array(32).fill(2));
  const wallet = Object.assign(pair, { algorithm: 'sr25519' as const });
  return {
    network: 'cere-sandbox',
    app: keyPairFromSeed('ed25519', new Uint8Array(32).fill(1)).publicKey,
    wallet,
    bearer: { by: 'wallet', account: wallet },
    now: Date.UTC(2026, 0, 2),
    random: (length) => new Uint8Array(length).fill(9),
  };
}

const requests = (): [KindName, unknown][] =>
  Object.values(bodyExamples()).flatMap((byType) => {
    const body = byType['application/json'] as { kind?: unknown };
    return isKindName(body.kind) ? [[body.kind, body] as [KindName, unknown]] : [];
  });

beforeAll(ready);

test('what the panel shows of a signed request it signs again, whatever the kind', () => {
  const kinds = requests().map(([kind]) => kind);
  expect(kinds).toEqual(expect.arrayContaining(['disown', 'grant', 'policy', 'move', 'remove']));
  for (const [kind, example] of requests()) {
    const plain = plainOf(example);
    const again = signPlain(kind, plain, signing());
    expect([kind, parseRequest(again).kind, plainOf(again)]).toEqual([kind, kind, plain]);
  }
});
