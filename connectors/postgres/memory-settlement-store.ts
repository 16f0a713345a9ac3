import { settlementLeaf } from '../../protocol/index.ts';
import type { Positions } from '../../services/pipeline/ports/positions.ts';
import type {
  Leaf,
  OutboxRow,
  Round,
  RoundKey,
  SettlementStore,
} from '../../services/pipeline/ports/settlement-store.ts';

interface HeldLeaf {
  readonly leaf: Leaf;
  placed: { readonly round: number; readonly index: number } | null;
}

interface HeldRound {
  round: Round;
  outbox: number | null;
  published: boolean;
}

export interface MemorySettlementOptions {
  /** Off only in controls: without it a replay charges again, and two extrinsics may be under way. */
  readonly unique?: boolean;
}

const nameOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const keyOf = ({ round, app }: RoundKey): string => `${round}/${nameOf(app)}`;
const isUnresolved = ({ state }: OutboxRow) => state === 'signed' || state === 'sent' || state === 'included';

/** Memory twin of leaves, rounds and outbox. @param positions where the settler's rows are */
export function createMemorySettlementStore(
  positions: Pick<Positions, 'compareAndSet'>,
  { unique = true }: MemorySettlementOptions = {},
): SettlementStore {
  const leaves = new Map<string, HeldLeaf>();
  const rounds = new Map<string, HeldRound>();
  const outbox: OutboxRow[] = [];
  let extra = 0;

  const uncut = () => [...leaves.values()].filter(({ placed }) => placed === null);
  const sorted = () =>
    [...rounds.values()].sort((a, b) => a.round.round - b.round.round || Buffer.compare(a.round.app, b.round.app));
  const withFlags = (row: OutboxRow): OutboxRow => ({
    ...row,
    charges: row.charges.map((key) => ({ ...key, alone: rounds.get(keyOf(key))?.round.alone ?? false })),
  });

  return {
    async apply(partition, from, to, added) {
      if (!(await positions.compareAndSet('settler', partition, from, to))) return false;
      for (const leaf of added) {
        const key = nameOf(leaf.batchId);
        if (!leaves.has(key)) leaves.set(key, { leaf, placed: null });
        else if (!unique) leaves.set(`${key}#${extra++}`, { leaf, placed: null });
      }
      return true;
    },
    async uncut() {
      return uncut().length;
    },
    async cut(limit, due, plan) {
      const byApp = new Map<string, HeldLeaf[]>();
      for (const held of uncut()) {
        const name = nameOf(held.leaf.app);
        byApp.set(name, [...(byApp.get(name) ?? []), held]);
      }
      const owed = [...byApp.values()].map((held) => ({
        app: (held[0] as HeldLeaf).leaf.app,
        fee: held.reduce((sum, { leaf }) => sum + leaf.fee, 0n),
        oldest: Math.min(...held.map(({ leaf }) => leaf.seenAt)),
      }));
      const round = Math.max(0, ...[...rounds.values()].map((held) => held.round.round)) + 1;
      const made: Round[] = [];
      const taken = new Map<string, HeldLeaf[]>();
      const oldest = due(owed)
        .flatMap((app) => byApp.get(nameOf(app)) ?? [])
        .sort(({ leaf: a }, { leaf: b }) => a.seenAt - b.seenAt || a.origin - b.origin || a.partition - b.partition);
      for (const held of oldest.slice(0, limit)) {
        const name = nameOf(held.leaf.app);
        taken.set(name, [...(taken.get(name) ?? []), held]);
      }
      for (const held of taken.values()) {
        const { app } = (held[0] as HeldLeaf).leaf;
        const { leaves: ordered, root, operations, bytes, fee } = plan(held.map(({ leaf }) => leaf));
        for (const one of held) one.placed = { round, index: ordered.indexOf(one.leaf) };
        const state = { state: 'cut' as const, alone: false };
        const cut = { round, app, root, leaves: ordered.length, operations, bytes, fee, ...state };
        rounds.set(keyOf(cut), { round: cut, outbox: null, published: false });
        made.push(cut);
      }
      return made;
    },
    async rounds(state, limit) {
      return sorted()
        .filter(({ round }) => round.state === state)
        .slice(0, limit)
        .map(({ round }) => round);
    },
    async unpaid(perApp) {
      const taken = new Map<string, number>();
      return sorted()
        .filter(({ round: { state, app } }) => {
          if (state !== 'unpaid') return false;
          const n = (taken.get(nameOf(app)) ?? 0) + 1;
          taken.set(nameOf(app), n);
          return n <= perApp;
        })
        .map(({ round }) => round);
    },
    async move(keys, from, to) {
      for (const key of keys) {
        const held = rounds.get(keyOf(key));
        if (held?.round.state === from) held.round = { ...held.round, state: to };
      }
    },
    async unresolved() {
      const row = outbox.findLast(isUnresolved);
      return row ? withFlags(row) : null;
    },
    async lastFinal() {
      const row = outbox.findLast(({ state }) => state === 'final');
      return row ? withFlags(row) : null;
    },
    async sign(extrinsic, charges) {
      const held = charges.map((key) => rounds.get(keyOf(key)));
      const blocked = outbox.some(
        (row) => isUnresolved(row) || (row.state === 'final' && row.nonce >= extrinsic.nonce),
      );
      if (unique && (blocked || held.some((one) => one?.round.state !== 'cut'))) return null;
      const id = outbox.length + 1;
      for (const one of held) {
        if (!one) continue;
        one.round = { ...one.round, state: 'signed' };
        one.outbox = id;
      }
      const row: OutboxRow = {
        ...extrinsic,
        id,
        state: 'signed',
        inclusion: null,
        charges: charges.map(({ round, app }) => ({ round, app, alone: false })),
      };
      outbox.push(row);
      return withFlags(row);
    },
    async step(row, step) {
      const index = outbox.findIndex(({ id }) => id === row.id);
      const found = outbox[index];
      const hashOf = ({ inclusion }: OutboxRow) => (inclusion ? nameOf(inclusion.block.hash) : null);
      if (!found || found.state !== row.state || hashOf(found) !== hashOf(row)) return false;
      outbox[index] = { ...found, state: step.state, inclusion: step.inclusion };
      const takesBack = row.state === 'final' && step.state !== 'final';
      const isFree = (state: string) => state === 'cut' || state === 'unpaid';
      for (const { round, app, state, alone } of step.rounds) {
        const held = rounds.get(keyOf({ round, app }));
        if (!held) continue;
        const released = takesBack && held.outbox === null && isFree(held.round.state);
        if (held.outbox !== row.id && !released) continue;
        held.round = { ...held.round, state, alone };
        held.outbox = isFree(state) ? null : row.id;
        if (state !== 'final') held.published = false;
      }
      return true;
    },
    async unpublished(limit) {
      return sorted()
        .filter(({ round, published }) => round.state === 'final' && !published)
        .slice(0, limit)
        .flatMap(({ round, outbox: id }) => {
          const row = outbox.find((one) => one.id === id);
          return row?.inclusion ? [{ ...round, block: row.inclusion.block, extrinsicHash: row.hash }] : [];
        });
    },
    async published(keys) {
      for (const key of keys) {
        const held = rounds.get(keyOf(key));
        if (held?.round.state === 'final') held.published = true;
      }
    },
    async leafOf(batchId) {
      const held = leaves.get(nameOf(batchId));
      if (!held?.placed) return null;
      const { placed, leaf } = held;
      const found = rounds.get(keyOf({ round: placed.round, app: leaf.app })) as HeldRound;
      const row = found.round.state === 'final' ? outbox.find(({ id }) => id === found.outbox) : undefined;
      const block = row?.inclusion?.block ?? null;
      return { leaf, round: found.round, index: placed.index, block, extrinsicHash: row?.hash ?? null };
    },
    async leavesOf({ round, app }) {
      return [...leaves.values()]
        .filter((one) => one.placed?.round === round && nameOf(one.leaf.app) === nameOf(app))
        .sort((a, b) => (a.placed?.index ?? 0) - (b.placed?.index ?? 0))
        .map((one) => settlementLeaf(one.leaf));
    },
    async isFinal(batchIds) {
      return batchIds.map((id) => {
        const held = leaves.get(nameOf(id));
        if (!held) return null;
        if (!held.placed) return 'pending';
        const state = rounds.get(keyOf({ round: held.placed.round, app: held.leaf.app }))?.round.state;
        return state === 'final' || state === 'unpaid' ? state : 'pending';
      });
    },
  };
}
