import { randomBytes } from 'node:crypto';
import { benchEvent } from '../../bench/workload.ts';
import { keyPairFromSeed, leafOf, rootOf, sign, signedMessage, toHex, utf8 } from '../../protocol/index.ts';

const NETWORK = 'cere-sandbox';
const WALLETS = 64;

/** Batches signed in advance, as many as are asked for: all carry the same events, each has a header line and signature of its own. */
export interface Shots {
  /** Signs so many more. */
  prepare(count: number): void;
  /** The next that was not sent. */
  take(): readonly Uint8Array[];
  readonly left: number;
  /** Bytes of one. */
  readonly bytes: number;
}

/**
 * Signing the header alone, ed25519, costs the sender a hundredth of what taking the batch costs the API, which does all of its work on every one:
 * parse, hash, verify, seal, append.
 */
export function createShots(app: Uint8Array, size: number): Shots {
  const now = Date.now();
  const events = Array.from({ length: size }, () => benchEvent(now));
  const root = rootOf(events.map(leafOf));
  const tail = utf8(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  const wallets = Array.from({ length: WALLETS }, () => keyPairFromSeed('ed25519', new Uint8Array(randomBytes(32))));
  const source = toHex(randomBytes(16));
  const heads: Uint8Array[] = [];
  let made = 0;
  let taken = 0;

  function head(): Uint8Array {
    const keyPair = wallets[made % WALLETS] as (typeof wallets)[number];
    const unsigned = {
      ...({ v: 1, network: NETWORK, app: toHex(app), wallet: toHex(keyPair.publicKey), source } as const),
      ...({ seq: Math.floor(made / WALLETS), issuedAt: now, count: size } as const),
      ...({ signer: 'wallet', algorithm: 'ed25519', wrap: 'none' } as const),
    };
    made += 1;
    const message = signedMessage(unsigned, root);
    const signature = toHex(sign({ algorithm: 'ed25519', wrap: 'none', keyPair, message }));
    return utf8(`${JSON.stringify({ ...unsigned, signature })}\n`);
  }

  return {
    prepare(count) {
      for (let i = 0; i < count; i++) heads.push(head());
    },
    take() {
      const next = heads[taken];
      if (!next) throw new Error(`all ${heads.length} batches were sent: the load generator did not prepare enough`);
      heads[taken] = EMPTY;
      taken += 1;
      return [next, tail];
    },
    get left() {
      return heads.length - taken;
    },
    bytes: tail.length + 600,
  };
}

const EMPTY = new Uint8Array();
