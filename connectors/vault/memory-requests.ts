import { currentPolicy, fromHex, toHex, type VerifiedRequest } from '../../protocol/index.ts';
import type { Random } from '../../services/pipeline/clock.ts';
import { DEFAULT_CLUSTER } from '../../services/pipeline/ports/clusters.ts';
import type { Keks } from '../../services/pipeline/ports/kms.ts';
import {
  type RequestAnswer,
  RequestClash,
  type RequestEffects,
  RequestForgotten,
  type RequestPlace,
  type Requests,
} from '../../services/pipeline/ports/requests.ts';
import type { Owner } from '../../services/pipeline/ports/vault.ts';
import { OVERWRITTEN } from '../postgres/user-roots.ts';
import { createFreshRoot } from './fresh-root.ts';
import { consentOf, memoryConsent, memoryEpochs, setMemoryEpochs } from './memory-consents.ts';
import {
  forgetMemoryConsent,
  type KeyTables,
  type MemoryRemove,
  type MemoryRoot,
  ownerName,
  requestsOf,
} from './memory-tables.ts';

/** Memory twin of the accepted requests. One request at a time; one that fails leaves the tables as they were. */
export function createMemoryRequests(tables: KeyTables, keks: Keks, random: Pick<Random, 'bytes'>): Requests {
  const freshRoot = createFreshRoot(keks, random);
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };
  const known = (request: VerifiedRequest) => {
    const row = tables.requests.get(ownerName(ownerOf(request)))?.get(request.id);
    if (row && row.request.hash !== request.hash) throw new RequestClash();
    if (row?.forgotten) throw new RequestForgotten();
    return row ?? null;
  };

  return {
    once: (request, effect) =>
      inTurn(async () => {
        const first = known(request);
        if (first) return first.answer;
        const before = copyOf(tables);
        try {
          return await run(tables, request, freshRoot, effect);
        } catch (error) {
          restore(tables, before);
          throw error;
        }
      }),
    find: async (request) => known(request)?.answer ?? null,
    async list(owner, { after, limit }) {
      const all = requestsOf(tables, owner).flatMap((one) => (one.forgotten ? [] : [one.request]));
      const consent = consentOf(all);
      const revoked = new Set(consent.revocations.map((one) => toHex(one.content.grant)));
      const current = currentPolicy(consent, { app: toHex(owner.app), wallet: toHex(owner.wallet) });
      return [...consent.grants, ...consent.policies]
        .filter((one) => !after || newestFirst(one, after) > 0)
        .sort(newestFirst)
        .slice(0, limit)
        .map((request) => ({
          request,
          revoked: revoked.has(request.id),
          replaced: request.kind === 'policy' && request.id !== current?.id,
        }));
    },
  };
}

const newestFirst = (a: RequestPlace, b: RequestPlace): number =>
  b.issuedAt - a.issuedAt || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);

const ownerOf = (request: VerifiedRequest): Owner => ({
  app: fromHex(request.app, 32),
  wallet: fromHex(request.wallet, 32),
});

async function run(
  tables: KeyTables,
  request: VerifiedRequest,
  freshRoot: ReturnType<typeof createFreshRoot>,
  effect: (effects: RequestEffects) => Promise<RequestAnswer>,
): Promise<RequestAnswer> {
  const name = ownerName(ownerOf(request));
  const byId = tables.requests.get(name) ?? new Map();
  tables.requests.set(name, byId);
  byId.set(request.id, { request, answer: {}, answered: false, forgotten: false });
  const answer = await effect(effectsOf(tables, request, freshRoot));
  const row = byId.get(request.id);
  byId.set(request.id, { ...row, answer });
  return answer;
}

function effectsOf(
  tables: KeyTables,
  request: VerifiedRequest,
  freshRoot: ReturnType<typeof createFreshRoot>,
): RequestEffects {
  const owner = ownerOf(request);
  const name = ownerName(owner);
  const rows = () => tables.roots.get(name) ?? [];
  const add = (row: Pick<MemoryRoot, 'wrapped' | 'epoch' | 'mode' | 'subject'>): number => {
    const counting = rows().filter((one) => !one.prepared);
    const rootVersion = Math.max(0, ...counting.map((one) => one.rootVersion)) + 1;
    tables.roots.set(name, [...counting, { ...row, rootVersion, prepared: false }]);
    return rootVersion;
  };
  return {
    consent: async () => memoryConsent(tables, owner),
    async newestPolicy() {
      const all = requestsOf(tables, owner).flatMap((one) => (one.forgotten ? [] : [one.request]));
      return currentPolicy(consentOf(all), request)?.id ?? null;
    },
    async knows(id) {
      const known = tables.requests.get(name)?.get(toHex(id));
      return known !== undefined && !known.forgotten && ['grant', 'policy'].includes(known.request.kind);
    },
    epochs: async () => memoryEpochs(tables, owner),
    setEpochs: async (epochs) => setMemoryEpochs(tables, owner, epochs),
    async root() {
      const newest = rows().findLast((row) => !row.prepared);
      if (!newest) return null;
      const { rootVersion, mode, epoch, wrapped } = newest;
      return { rootVersion, mode, epoch, erased: wrapped.length === 0 };
    },
    async newServiceRoot(epoch) {
      const { wrapped, subject } = await freshRoot(owner);
      return { rootVersion: add({ wrapped, epoch, mode: 'service', subject: null }), subject };
    },
    async activate(rootVersion, epoch) {
      const waiting = rows().some((row) => row.rootVersion === rootVersion && row.prepared);
      const moved = rows().map((row) => (row.rootVersion === rootVersion ? { ...row, prepared: false, epoch } : row));
      if (waiting) tables.roots.set(name, moved);
      return waiting;
    },
    async subjectTaken(subject) {
      const app = toHex(owner.app);
      const inApp = [...tables.roots].filter(([one]) => one.startsWith(app)).flatMap(([, those]) => those);
      return inApp.some((row) => row.subject !== null && toHex(row.subject) === toHex(subject));
    },
    async keyOfAnother(x25519) {
      const all = [...tables.requests.values()].flatMap((byId) => [...byId.values()].map((one) => one.request));
      const same = all.filter((one) => one.kind === 'recipient' && toHex(one.content.x25519) === toHex(x25519));
      return same.some((one) => one.wallet !== request.wallet);
    },
    newClientRoot: async (subject, epoch) =>
      add({ wrapped: (await freshRoot(owner)).wrapped, epoch, mode: 'client', subject }),
    async erase() {
      const counting = rows().filter((row) => !row.prepared);
      const rootVersions = counting.flatMap((row) => (row.wrapped.length > 0 ? [row.rootVersion] : []));
      tables.roots.set(
        name,
        counting.map((row) => ({ ...row, wrapped: OVERWRITTEN })),
      );
      const id = fromHex(request.id, 16);
      tables.erasures.push({ ...owner, id, issuedAt: request.issuedAt, fence: null, rootVersions });
      forgetMemoryConsent(tables, owner);
      return rootVersions;
    },
    async remove(selector) {
      tables.removals.push({ ...owner, id: fromHex(request.id, 16), issuedAt: request.issuedAt, selector });
      const mine = tables.removals.filter((one) => ownerName(one) === name);
      return { ranges: countingRanges(mine), names: namesOf(mine).size, open: mine.filter((one) => !one.done).length };
    },
    async associate(cluster) {
      const wallet = toHex(owner.wallet);
      const roots = [...tables.roots].filter(([one]) => one.endsWith(wallet)).flatMap(([, those]) => those);
      const hasKeys = roots.some((row) => !row.prepared && row.wrapped.length > 0);
      if (hasKeys && (tables.clusters.get(wallet) ?? DEFAULT_CLUSTER) !== cluster) return false;
      tables.clusters.set(wallet, cluster);
      return true;
    },
    async disown(one) {
      const token = toHex(one.author) + toHex(one.token);
      const known = tables.disowned.get(token)?.until ?? 0;
      tables.disowned.set(token, { ...one, until: Math.max(known, one.until) });
      return { ofAuthor: [...tables.disowned.keys()].filter((name) => name.startsWith(toHex(one.author))).length };
    },
    async lastErasure() {
      const mine = tables.erasures.filter((one) => ownerName(one) === name);
      const last = mine.sort((a, b) => b.issuedAt - a.issuedAt)[0];
      return last ? { id: last.id, issuedAt: last.issuedAt, fence: last.fence } : null;
    },
  };
}

/** Events and sessions that were removed, each once. */
const namesOf = (removals: readonly MemoryRemove[]): Set<string> =>
  new Set(
    removals.flatMap(({ selector }) =>
      'events' in selector ? selector.events : 'session' in selector ? [`session ${selector.session}`] : [],
    ),
  );

/** Ranges that are not within one that was signed later. */
function countingRanges(removals: readonly MemoryRemove[]): number {
  const ranges = removals.flatMap(({ selector, ...one }) => ('from' in selector ? [{ ...one, ...selector }] : []));
  const isWithin = (a: (typeof ranges)[number], b: (typeof ranges)[number]) =>
    a !== b && a.from >= b.from && a.to <= b.to && (a.issuedAt - b.issuedAt || Buffer.compare(a.id, b.id)) < 0;
  return ranges.filter((one) => !ranges.some((other) => isWithin(one, other))).length;
}

/** Rows are never changed in place, so the maps and lists are all that a copy needs. */
const copyOf = ({ roots, requests, accesses, erasures, removals, clusters, disowned }: KeyTables): KeyTables => ({
  disowned: new Map(disowned),
  roots: new Map(roots),
  requests: new Map([...requests].map(([owner, byId]) => [owner, new Map(byId)])),
  accesses: new Map(accesses),
  erasures: [...erasures],
  removals: [...removals],
  clusters: new Map(clusters),
});

function restore(tables: KeyTables, before: KeyTables): void {
  for (const part of ['roots', 'requests', 'accesses', 'clusters', 'disowned'] as const) {
    const [now, then] = [tables[part] as Map<string, unknown>, before[part] as Map<string, unknown>];
    now.clear();
    for (const [key, value] of then) now.set(key, value);
  }
  tables.erasures.splice(0, tables.erasures.length, ...before.erasures);
  tables.removals.splice(0, tables.removals.length, ...before.removals);
}
