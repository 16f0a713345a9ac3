// A sink of your own: this one file. Its target is as small as one can be, a folder with one JSON file that holds everything; put yours in its
// place. What a sink promises stands in services/pipeline/ports/sink.ts; the test of this example runs the contract suite that every sink passes.
import { existsSync } from 'node:fs';
import { link, mkdir, mkdtemp, open, readdir, readFile, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { ErasedOwner } from '../../connectors/sinks/erased-owner.ts';
import type { OwnSink } from '../../connectors/sinks/own/kit.ts';
import type { Delivery, Sink } from '../../services/pipeline/ports/sink.ts';

/** All there is: so rows and positions change together or not at all. */
interface State {
  /** Whose it is. */
  readonly claim: string;
  /** By partition: the last delivery. */
  readonly deliveries: Readonly<Record<string, Delivery>>;
  readonly erased: Readonly<Record<string, ErasedOwner>>;
  readonly rows: readonly string[];
}

const EMPTY: State = { claim: '', deliveries: {}, erased: {}, rows: [] };

/** A row as far as orders ask. */
interface StoredRow {
  readonly app: string;
  readonly wallet: string;
  readonly batchId: string;
  readonly slot: number;
  readonly eventId: string;
  readonly time: number;
  readonly session: string | null;
  readonly issuedAt: number;
  readonly origin: number;
}

function stored(line: string): StoredRow {
  const { row } = JSON.parse(line);
  const { app, wallet, batch_id: batchId, slot, event_id: eventId, session, origin } = row;
  const [time, issuedAt] = [Date.parse(row.time), Date.parse(row.issued_at)];
  return { app, wallet, batchId, slot, eventId, session, origin, time, issuedAt };
}

/** `<n>.json`, each made once by `link`: whoever comes second fails, and that is the compare-and-set. Old ones are emptied, never freed. */
async function latest(folder: string): Promise<{ readonly n: number; readonly state: State }> {
  const numbers = (await readdir(folder)).flatMap((name) =>
    /^(\d+)\.json$/.test(name) ? Number.parseInt(name, 10) : [],
  );
  const n = Math.max(0, ...numbers);
  const text = n === 0 ? '' : await readFile(join(folder, `${n}.json`), 'utf8');
  if (n > 0 && text === '') return latest(folder);
  return { n, state: n === 0 ? EMPTY : JSON.parse(text) };
}

async function commit(folder: string, n: number, state: State): Promise<boolean> {
  const drafts = await mkdtemp(join(folder, 'draft-'));
  try {
    const draft = await open(join(drafts, 'state'), 'w');
    await draft.writeFile(JSON.stringify(state));
    await draft.sync();
    await draft.close();
    await link(join(drafts, 'state'), join(folder, `${n + 1}.json`));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(drafts, { recursive: true, force: true });
  }
  if (n > 0) await truncate(join(folder, `${n}.json`));
  return true;
}

const same = (a: Delivery['to'], b: Delivery['to']) => a.next === b.next && a.mark === b.mark;

const own: OwnSink = ({
  defineSink,
  z,
  START,
  RetriableError,
  claimOf,
  holdClaim,
  rowLines,
  seenLine,
  selectedBy,
  dueOf,
  ownerName,
}) =>
  defineSink({
    name: 'mine',
    summary: 'Everything in one JSON file.',
    config: z.strictObject({ folder: z.string().min(1).describe('Folder of the file; created when absent.') }),
    /** A folder of this machine, and the place that one export has for itself. */
    members: { folder: 'folder' },

    create({ folder }, { log, name, reach = () => {} }): Sink {
      /** Down, full, gone: it is tried again, and these words are what the export's status says. Anything else is a bug. */
      async function told<T>(call: () => Promise<T>): Promise<T> {
        try {
          return await call();
        } catch (cause) {
          if (typeof (cause as NodeJS.ErrnoException).syscall !== 'string') throw cause;
          throw new RetriableError('sink_unavailable', `${folder} cannot be used: ${String(cause)}`, { cause });
        }
      }

      /** Decides on what is there, again when it was changed meanwhile. @param decide returns null where nothing is to change */
      async function change(decide: (state: State) => Promise<State | null>): Promise<void> {
        await told(async () => {
          for (;;) {
            const { n, state } = await latest(folder);
            const next = await decide(state);
            if (next === null || (await commit(folder, n, next))) return;
          }
        });
      }

      return {
        async check() {
          await mkdir(folder, { recursive: true });
          await change(async (state) => {
            if (state.claim === '') return { ...state, claim: claimOf({ log, name }) };
            holdClaim(state.claim, { log, name }, `The folder ${folder}`, 'a new folder');
            return null;
          });
        },

        async put(rows, delivery, keep = async (all) => all) {
          let moved = true;
          let changed = false;
          await change(async (state) => {
            changed = false;
            const { deliveries, erased } = state;
            const last = deliveries[delivery.partition];
            const again = last !== undefined && same(last.from, delivery.from) && same(last.to, delivery.to);
            moved = again || same(last?.to ?? START, delivery.from);
            if (again || !moved) return null;
            // Asked after the state was read: an order that comes now changes it, and then this is asked again.
            const kept = await keep(rows.filter((row) => row.origin >= (erased[ownerName(row)]?.before ?? 0)));
            await reach('staged');
            changed = true;
            return {
              ...state,
              deliveries: { ...deliveries, [delivery.partition]: delivery },
              rows: [...state.rows, ...rowLines(kept)],
            };
          });
          if (changed) await reach('committed');
          if (changed) await reach('placed');
          return moved;
        },

        position: (partition) => told(async () => (await latest(folder)).state.deliveries[partition]?.to ?? START),

        async erase(owners) {
          let counts: number[] = [];
          await change(async (state) => {
            counts = owners.map(() => 0);
            const due = owners.flatMap((owner) => dueOf(owner, state.erased[ownerName(owner)]) ?? []);
            if (due.length === 0) return null;
            const numbers = new Map(owners.map(({ app, wallet }, n) => [`${app}/${wallet}`, n]));
            const first = new Map(due.map(({ app, wallet, before }) => [`${app}/${wallet}`, before]));
            await reach('drafted');
            const done = due.map(({ before, issuedAt, ...owner }) => [
              ownerName(owner),
              { before, issuedAt, done: true },
            ]);
            return {
              ...state,
              erased: { ...state.erased, ...Object.fromEntries(done) },
              rows: state.rows.filter((line) => {
                const { app, wallet, origin } = stored(line);
                if (origin >= (first.get(`${app}/${wallet}`) ?? 0)) return true;
                const n = numbers.get(`${app}/${wallet}`) ?? 0;
                counts[n] = (counts[n] ?? 0) + 1;
                return false;
              }),
            };
          });
          await reach('rewritten');
          return counts;
        },

        async remove(selections) {
          let counts: number[] = [];
          await change(async (state) => {
            counts = selections.map(() => 0);
            if (selections.length === 0) return null;
            const judges = new Map<string, (row: StoredRow) => number | null>();
            for (const app of new Set(selections.map((one) => one.app))) {
              const numbers = selections.flatMap((one, n) => (one.app === app ? [n] : []));
              const judge = selectedBy(
                app,
                selections.filter((one) => one.app === app),
              );
              judges.set(app, (row) => numbers[judge(row) ?? -1] ?? null);
            }
            await reach('drafted');
            const rows = state.rows.filter((line) => {
              const row = stored(line);
              const by = judges.get(row.app)?.(row) ?? null;
              if (by !== null) counts[by] = (counts[by] ?? 0) + 1;
              return by === null;
            });
            // Also where no row went: whoever decided what to show before this order must decide again.
            return { ...state, rows };
          });
          await reach('rewritten');
          return counts;
        },

        /** What `ddc exports verify-erasure` looks at. A target that nobody can read back has none. */
        async held(show) {
          if (!existsSync(folder)) return;
          const lines = await told(async () => (await latest(folder)).state.rows);
          const tables = new Map<string, StoredRow[]>();
          for (const line of lines) {
            const { table } = JSON.parse(line);
            const rows = tables.get(table) ?? [];
            rows.push(stored(line));
            tables.set(table, rows);
          }
          for (const [table, rows] of tables) await show({ table, place: folder, rows });
        },

        async close() {},
      };
    },

    /** For the contract suite: how to configure the sink, and what a reader of the target sees. */
    trial: (scratch) => ({
      config: { folder: scratch },
      rows: async (tables) => (await latest(scratch)).state.rows.map((line) => seenLine(line, tables)),
    }),
  });

export default own;
