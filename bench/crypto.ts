import {
  concat,
  type Event,
  encodeNdjson,
  keyPairFromSeed,
  leafOf,
  open,
  parseBatch,
  ready,
  rootOf,
  seal,
  signBatch,
  toHex,
  u32,
  verifyBatch,
} from '../protocol/index.ts';
import { sodium } from '../protocol/sodium.ts';
import { compare, measure } from './compare.ts';
import { type Baseline, direct, floor, inputsOf, type Part, wrappers } from './libsodium.ts';
import { machine } from './machine.ts';

interface Shape {
  scopes: number;
  /** Of data, in all scopes together. */
  bytes: number;
}
/** The event that the ratios are about. */
const TYPICAL: Shape = { scopes: 2, bytes: 300 };
const SHAPES: readonly Shape[] = [
  { scopes: 1, bytes: 30 },
  { scopes: 1, bytes: 300 },
  TYPICAL,
  { scopes: 8, bytes: 300 },
  { scopes: 2, bytes: 3000 },
  { scopes: 2, bytes: 30_000 },
];
const HEAD = 62;

const filled = (length: number, byte: number) => new Uint8Array(length).fill(byte);
const nameOf = ({ scopes, bytes }: Shape) => `${scopes} scope${scopes > 1 ? 's' : ''}, ${bytes} bytes`;
const row = (name: string, figures: string) => console.log(`${name.padEnd(36)}${figures}`);
const us = (value: number) => `${value.toFixed(2).padStart(9)} µs`;

function partsOf({ scopes, bytes }: Shape): Part[] {
  return Array.from({ length: scopes }, (_, i) => ({
    place: {
      scopeKey: filled(32, i + 1),
      epoch: 0,
      app: filled(32, 101),
      subject: filled(32, 102),
      eventId: '0199dd8d-cba7-7d22-9453-add6ffb93774',
      scope: `scope-${i}`,
    },
    salt: filled(16, 103),
    data: 'x'.repeat(Math.floor(bytes / scopes)),
    nonce: filled(24, 104),
  }));
}

/** Sealing, and opening with known commitments, all scopes of one event; libsodium does the same three ways. */
function envelopes(rounds: number): Record<string, number> {
  const figures: Record<string, number> = {};
  row('', '   protocol    libsodium     wrappers        floor    ratios');
  for (const shape of SHAPES) {
    const parts = partsOf(shape);
    const inputs = parts.map(inputsOf);
    const sealings = parts.map(({ place, ...rest }) => ({ ...place, ...rest }));
    const sealed = sealings.map(seal);
    const ciphertexts = sealed.map((envelope) => envelope.slice(HEAD));
    const openings = parts.map(({ place, salt }, i) => ({
      ...place,
      envelope: sealed[i] as Uint8Array,
      commitment: sodium.crypto_generichash(32, inputs[i]?.data ?? '', salt),
    }));
    const baseline = (name: string, what: 'seal' | 'open', how: Baseline) => ({
      name,
      // All parts have inputs of the same lengths, so the floor's memory serves for each.
      prepare: () => how.prepare?.(inputs[0] as (typeof inputs)[number]),
      run: () => {
        for (let i = 0; i < inputs.length; i++)
          how[what](inputs[i] as (typeof inputs)[number], ciphertexts[i] as Uint8Array);
      },
    });
    const own = {
      seal: () => {
        for (const one of sealings) seal(one);
      },
      open: () => {
        for (const one of openings) open(one);
      },
    };
    for (const what of ['seal', 'open'] as const) {
      const results = compare(
        [
          { name: 'protocol', run: own[what] },
          baseline('libsodium', what, direct),
          baseline('wrappers', what, wrappers),
          baseline('floor', what, floor),
        ],
        rounds,
      );
      const ratios = results.slice(1).map(({ ratio }) => ratio.toFixed(2));
      row(`${what} ${nameOf(shape)}`, `${results.map((one) => us(one.us)).join(' ')}    ${ratios.join(' ')}`);
      if (shape === TYPICAL) for (const { name, ratio } of results.slice(1)) figures[`${what}_vs_${name}`] = ratio;
    }
  }
  return figures;
}

function eventOf(i: number, shape: Shape): Event {
  const salt = (i + 1).toString(16).padStart(32, '0');
  return {
    id: `0199dd8d-cba7-7d22-9453-${i.toString(16).padStart(12, '0')}`,
    type: 'PAGE_VIEW',
    time: '2026-02-03T04:05:06.000Z',
    scopes: Object.fromEntries(partsOf(shape).map(({ place, data }) => [place.scope, { salt, data }])),
  };
}

function hashing(rounds: number): void {
  for (const shape of SHAPES) {
    const event = eventOf(0, shape);
    row(`leaf ${nameOf(shape)}`, `${us(measure(() => void leafOf(event), rounds))} per event`);
  }
  for (const count of [10, 100, 1000, 50_000]) {
    const leaves = Array.from({ length: count }, (_, i) => concat(u32(i), new Uint8Array(28)));
    row(`tree of ${count}`, `${us(measure(() => void rootOf(leaves), rounds) / count)} per leaf`);
  }
}

/** From the bytes of a body to a verified batch. */
function verification(rounds: number): Record<string, number> {
  const network = 'cere-sandbox';
  const figures: Record<string, number> = {};
  for (const algorithm of ['sr25519', 'ed25519'] as const) {
    const keyPair = keyPairFromSeed(algorithm, filled(32, 7));
    const key = toHex(keyPair.publicKey);
    const header = { network, app: key, wallet: key, source: '01'.repeat(16), seq: 0, issuedAt: 1 };
    for (const count of [1, 10, 100, 1000]) {
      const events = Array.from({ length: count }, (_, i) => eventOf(i, TYPICAL));
      const body = encodeNdjson(signBatch({ ...header, signer: 'wallet', wrap: 'none', algorithm, events, keyPair }));
      const each = measure(() => void verifyBatch(parseBatch(body, 'ndjson'), { network }), rounds) / count;
      row(`parse and verify ${count}, ${algorithm}`, `${us(each)} per event`);
      figures[`verify_${algorithm}_${count}_us`] = each;
    }
  }
  return figures;
}

/** `npm run bench -- crypto`: envelopes, hashes and verification on one core. Ratios above 1: the protocol is faster than libsodium used that way. */
export async function bench({ rounds, json }: { rounds: number; json: boolean }): Promise<void> {
  await ready();
  console.log(`µs of CPU, medians of ${rounds} interleaved rounds; ${machine()}`);
  console.log(
    'libsodium: its wasm called directly, bytes copied in and out; wrappers: libsodium-wrappers; floor: the calls alone.',
  );
  const ratios = envelopes(rounds);
  hashing(rounds);
  const figures = Object.entries({ ...ratios, ...verification(rounds) });
  const rounded = Object.fromEntries(figures.map(([name, value]) => [name, Math.round(value * 1000) / 1000]));
  if (json) console.log(JSON.stringify({ ...rounded, rounds, machine: machine() }));
}
