import { randomBytes } from 'node:crypto';
import { batchId, type Event, encodeNdjson, leafOf, rootOf, signBatch, toHex } from '../../protocol/index.ts';
import { type Account, accountFromPhrase, deriveAccount, uuidv7 } from '../../sdk/js/index.ts';
import type { Value } from '../../services/pipeline/ports/table.ts';
import { type ForeseenRow, rowText } from './canonical.ts';
import type { Wanted } from './compare.ts';
import { totals } from './sums.ts';
import { FLOW_TYPES, type FlowType } from './types.ts';

const PHRASE = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk';
const DAY_MS = 86_400_000;
const DAYS = 6;

/** What every target must have of an event as long as nobody takes it away. */
export interface SourceRow extends ForeseenRow {
  readonly table: string;
  readonly values: Readonly<Record<string, Value>>;
  readonly text: string;
  readonly phase: number;
}

export interface SourceWallet {
  readonly account: Account;
  /** Hex. */
  readonly app: string;
}

/** Who writes, what they write, and what every target must hold of it. */
export interface Source {
  readonly apps: readonly Account[];
  readonly wallets: readonly SourceWallet[];
  /** Signs a batch of new events and counts them in. @param phase separates times and sessions */
  write(wallet: SourceWallet, count: number, phase: number): Uint8Array;
  /** Rows of these wallets that are not taken away. */
  rowsOf(wallet: SourceWallet): readonly SourceRow[];
  /** @returns how many they were */
  take(wallet: SourceWallet, isGone: (row: SourceRow) => boolean): number;
  /** What every target of an app's exports must hold now. */
  wanted(app: string): Wanted;
  /** Rows that were taken away: `<batch id>/<slot>`. */
  readonly gone: ReadonlySet<string>;
}

const hex = (length: number) => toHex(new Uint8Array(randomBytes(length)));

/** Wallets in turn of each app, and events of each type in turn. */
export async function createSource(network: string, apps: number, walletsOfEach: number): Promise<Source> {
  const root = await accountFromPhrase(`${PHRASE}//flow//${randomBytes(6).toString('hex')}`);
  const appAccounts = Array.from({ length: apps }, (_, i) => deriveAccount(root, `//app//${i}`));
  const wallets = Array.from({ length: walletsOfEach }, (_, i) =>
    appAccounts.map((app, a) => ({ account: deriveAccount(root, `//${a}//${i}`), app: toHex(app.publicKey) })),
  ).flat();
  const rows = new Map<SourceWallet, SourceRow[]>(wallets.map((wallet) => [wallet, []]));
  const gone = new Set<string>();
  const sources = new Map(wallets.map((wallet) => [wallet, { source: hex(16), seq: 0 }]));
  let n = 0;

  function event(phase: number): { event: Event; type: FlowType; values: SourceRow['values'] } {
    const type = FLOW_TYPES[n % FLOW_TYPES.length] as FlowType;
    const { scopes, values } = type.make(Math.floor(n / FLOW_TYPES.length));
    const time = Date.UTC(2026, 2, 1 + phase * DAYS) + (n % DAYS) * DAY_MS + ((n * 1_009) % DAY_MS);
    const sealed = Object.entries(scopes).map(([scope, data]) => [scope, { salt: hex(16), data }]);
    const made = {
      ...{ id: uuidv7(time, new Uint8Array(randomBytes(10))), type: type.name, time: new Date(time).toISOString() },
      ...(n % 4 === 0 ? {} : { session: `s ${phase} ${n % 3}` }),
      scopes: Object.fromEntries(sealed),
    };
    n += 1;
    return { event: made, type, values };
  }

  return {
    apps: appAccounts,
    wallets,
    gone,
    write(wallet, count, phase) {
      const made = Array.from({ length: count }, () => event(phase));
      const from = sources.get(wallet);
      if (!from) throw new Error('a wallet of another source');
      const { account, app } = wallet;
      const batch = signBatch({
        ...{ network, app, wallet: toHex(account.publicKey), source: from.source, seq: from.seq++ },
        ...{ issuedAt: Date.now(), signer: 'wallet', wrap: 'none', algorithm: account.algorithm },
        ...{ events: made.map((one) => one.event), keyPair: account },
      });
      const { header, events } = batch;
      const id = toHex(batchId(header, rootOf(events.map(leafOf))));
      const mine = rows.get(wallet) ?? [];
      for (const [slot, { event: of, type, values }] of made.entries()) {
        const row: ForeseenRow = {
          ...{ app, wallet: header.wallet, batchId: id, eventId: of.id, type: of.type, time: Date.parse(of.time) },
          ...{ session: of.session ?? null, blob: null, signer: 'wallet', source: header.source, seq: header.seq },
          ...{ slot, issuedAt: header.issuedAt, verified: true },
        };
        mine.push({ ...row, table: type.table.name, values, phase, text: rowText(type.table, row, values) });
      }
      return encodeNdjson(batch);
    },
    rowsOf: (wallet) => rows.get(wallet) ?? [],
    take(wallet, isGone) {
      const mine = rows.get(wallet) ?? [];
      const going = mine.filter(isGone);
      for (const { batchId: id, slot } of going) gone.add(`${id}/${slot}`);
      const left = new Set(going);
      rows.set(
        wallet,
        mine.filter((row) => !left.has(row)),
      );
      return going.length;
    },
    wanted(app) {
      const mine = wallets.filter((wallet) => wallet.app === app).flatMap((wallet) => rows.get(wallet) ?? []);
      return { rows: mine.map(({ text }) => text), ...totals(FLOW_TYPES, mine) };
    },
  };
}
