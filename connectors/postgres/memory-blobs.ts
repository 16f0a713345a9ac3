import {
  type Blob,
  type Blobs,
  type KeptReference,
  UNREFERENCED_MS,
  UPLOAD_MS,
} from '../../services/pipeline/ports/blobs.ts';
import type { Owner } from '../../services/pipeline/ports/vault.ts';
import { markOf } from '../../services/pipeline/rules/removal.ts';
import { ownerKey } from './removals.ts';

interface Row extends Omit<Blob, 'state' | 'cid' | 'size'> {
  cid: string | null;
  size: number | null;
  state: 'uploading' | 'live' | 'gone';
  why: 'unreferenced' | 'interrupted' | 'erased' | 'removed' | null;
  refs: number;
  pinned: boolean;
  createdAt: number;
  finishedAt: number | null;
}

const placeOf = ({ batchId, eventId }: Pick<KeptReference, 'batchId' | 'eventId'>) => `${textOf(batchId)}/${eventId}`;
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** Memory twin of `blobs.ts`. */
export function createMemoryBlobs(): Blobs {
  const rows = new Map<string, Row>();
  const references = new Map<string, KeptReference[]>();
  const of = (owner: Owner) => [...rows.values()].filter((row) => ownerKey(row) === ownerKey(owner));
  const open = (id: Uint8Array) => {
    const row = rows.get(textOf(id));
    return row?.state === 'uploading' ? row : null;
  };
  const giveUp = (row: Row, why: Row['why']) => {
    row.state = 'gone';
    row.why = why;
    forget();
  };
  const forget = () => {
    for (const [key, row] of rows)
      if (row.state === 'gone' && !row.pinned && row.why !== 'unreferenced' && row.why !== 'removed') rows.delete(key);
  };
  const shown = (row: Row | undefined): Blob | null => {
    if (!row) return null;
    const { why: _why, refs: _refs, pinned: _pinned, createdAt: _created, finishedAt: _finished, ...blob } = row;
    return blob as Blob;
  };

  return {
    async begin(attempt, now) {
      const empty = { cid: null, size: null, why: null, refs: 0, pinned: false, finishedAt: null };
      rows.set(textOf(attempt.id), { ...attempt, ...empty, state: 'uploading', createdAt: now });
    },
    async pinning(id, { cid, size }) {
      const row = open(id);
      if (row) Object.assign(row, { cid, size, pinned: true });
      return row !== null;
    },
    async finish(id, now) {
      const row = open(id);
      if (!row) return 'gone';
      const first = of(row).some((other) => other.state === 'live' && textOf(other.upload) === textOf(row.upload));
      if (first) giveUp(row, 'interrupted');
      else Object.assign(row, { state: 'live', finishedAt: now });
      return first ? 'taken' : 'live';
    },
    async abandon(id) {
      const row = open(id);
      if (row) giveUp(row, 'interrupted');
    },
    async ofUpload(owner, upload) {
      return shown(of(owner).find((row) => row.state === 'live' && textOf(row.upload) === textOf(upload)));
    },
    async find(owner, cid) {
      return shown(of(owner).find((row) => row.cid === cid && row.finishedAt !== null));
    },
    async refer({ blobs, batchId, issuedAt, ...owner }) {
      for (const row of of(owner)) {
        const naming = blobs.filter(({ cid }) => row.state === 'live' && row.cid === cid);
        if (naming.length === 0) continue;
        row.refs += 1;
        const kept = references.get(textOf(row.id)) ?? [];
        for (const { eventId, time, session } of naming) {
          const mark = markOf(owner, session);
          if (kept.some((one) => placeOf(one) === placeOf({ batchId, eventId }))) continue;
          kept.push({ batchId, eventId, time, session: mark === null ? null : { mark }, issuedAt });
        }
        references.set(textOf(row.id), kept);
      }
    },
    async references(id, limit, after) {
      const kept = (references.get(textOf(id)) ?? []).toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
      return kept.filter((one) => !after || placeOf(one) > placeOf(after)).slice(0, limit);
    },
    async named(limit, after) {
      const named = [...rows.values()].filter(({ state, refs }) => state === 'live' && refs > 0);
      const sorted = named.toSorted((a, b) => (textOf(a.id) < textOf(b.id) ? -1 : 1));
      const rest = sorted.filter(({ id }) => !after || textOf(id) > textOf(after));
      return rest.slice(0, limit).map(({ id, app, wallet, refs }) => ({ id, app, wallet, refs }));
    },
    async remove(id, refs) {
      const row = rows.get(textOf(id));
      if (row?.state === 'live' && row.refs === refs) giveUp(row, 'removed');
    },
    async erase(owner, rootVersions) {
      const reached = of(owner).filter(({ rootVersion }) => rootVersions.includes(rootVersion));
      for (const row of reached) giveUp(row, 'erased');
      return reached.length;
    },
    async expire(now) {
      const old = [...rows.values()].filter(({ state, refs, finishedAt, createdAt }) =>
        state === 'live'
          ? refs === 0 && (finishedAt ?? 0) < now - UNREFERENCED_MS
          : state === 'uploading' && createdAt < now - UPLOAD_MS,
      );
      for (const row of old) giveUp(row, row.state === 'live' ? 'unreferenced' : 'interrupted');
      return old.length;
    },
    async doomed(limit) {
      const doomed = [...rows.values()].filter(({ state, pinned }) => state === 'gone' && pinned);
      return doomed.slice(0, limit).map(({ id, cluster, cid }) => ({ id, cluster, cid: cid as string }));
    },
    async unpinned(ids) {
      for (const id of ids) {
        const row = rows.get(textOf(id));
        if (row) row.pinned = false;
      }
      forget();
    },
  };
}
