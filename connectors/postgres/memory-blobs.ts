import { type Blob, type Blobs, UNREFERENCED_MS, UPLOAD_MS } from '../../services/pipeline/ports/blobs.ts';
import type { Owner } from '../../services/pipeline/ports/vault.ts';
import { ownerKey } from './removals.ts';

interface Row extends Omit<Blob, 'state' | 'cid' | 'size'> {
  cid: string | null;
  size: number | null;
  state: 'uploading' | 'live' | 'gone';
  why: 'unreferenced' | 'interrupted' | 'erased' | null;
  refs: number;
  pinned: boolean;
  createdAt: number;
  finishedAt: number | null;
}

const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** Memory twin of `blobs.ts`. */
export function createMemoryBlobs(): Blobs {
  const rows = new Map<string, Row>();
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
      if (row.state === 'gone' && !row.pinned && row.why !== 'unreferenced') rows.delete(key);
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
    async refer({ blobs, ...owner }) {
      const cids = new Set(blobs.map(({ cid }) => cid));
      for (const row of of(owner)) if (row.state === 'live' && row.cid && cids.has(row.cid)) row.refs += 1;
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
