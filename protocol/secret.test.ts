import { inspect } from 'node:util';
import { beforeAll, expect, test } from '@jest/globals';
import { keyPairFromSeed, ready, Secret, toHex, transitKeyPair } from './index.ts';

beforeAll(ready);

test('secrets do not show themselves', () => {
  const root = new Uint8Array(32).fill(0xab);
  for (const holder of [
    new Secret(root),
    transitKeyPair(root),
    keyPairFromSeed('sr25519', root),
    keyPairFromSeed('ed25519', root),
  ]) {
    const secret = holder instanceof Secret ? holder.bytes : holder.secretKey;
    expect(secret.length).toBeGreaterThanOrEqual(32);
    const shown = `${inspect({ holder }, { depth: 9, showHidden: true })}${JSON.stringify({ holder })}${String(holder)}${inspect({ ...holder })}`;
    expect(shown).toContain('redacted');
    expect(shown).not.toContain(toHex(secret).slice(0, 16));
    expect(shown).not.toContain([...secret.slice(0, 4)].join(', '));
    expect(shown).not.toContain([...secret.slice(0, 4)].join(','));
  }
});
