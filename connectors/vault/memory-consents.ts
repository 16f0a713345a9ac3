import { type Consent, type Epochs, fromHex, rekey, toHex, type VerifiedRequest } from '../../protocol/index.ts';
import type { AccessPlace, Consents } from '../../services/pipeline/ports/consents.ts';
import type { Owner } from '../../services/pipeline/ports/vault.ts';
import { type KeyTables, ownerName, requestsOf } from './memory-tables.ts';

/** What of these requests is about readers. */
export function consentOf(all: readonly VerifiedRequest[]): Consent {
  return {
    grants: all.filter((one) => one.kind === 'grant'),
    policies: all.filter((one) => one.kind === 'policy'),
    revocations: all.filter((one) => one.kind === 'revoke'),
  };
}

/** What the owner has signed about readers and still counts: see `Consents.of`. */
export function memoryConsent(tables: KeyTables, owner: Owner): Consent {
  return consentOf(requestsOf(tables, owner).flatMap((one) => (one.forgotten || one.answered ? [] : [one.request])));
}

export function memoryEpochs(tables: KeyTables, owner: Owner): Epochs {
  const counted = (tables.roots.get(ownerName(owner)) ?? []).filter((root) => !root.prepared);
  return {
    epoch: Math.max(0, ...counted.map((root) => root.epoch)),
    answered: requestsOf(tables, owner).flatMap((one) => (one.answered ? [one.request.id] : [])),
  };
}

export function setMemoryEpochs(tables: KeyTables, owner: Owner, { epoch, answered }: Epochs): void {
  const name = ownerName(owner);
  const roots = tables.roots.get(name);
  if (roots)
    tables.roots.set(
      name,
      roots.map((root) => ({ ...root, epoch: Math.max(root.epoch, epoch) })),
    );
  const requests = tables.requests.get(name);
  for (const [id, known] of requests ?? [])
    if (answered.includes(id) || known.request.kind === 'revoke') requests?.set(id, { ...known, answered: true });
}

/** Memory twin of consent and the access log. */
export function createMemoryConsents(tables: KeyTables): Consents {
  const recipients = () =>
    [...tables.requests.values()]
      .flatMap((byId) => [...byId.values()].map(({ request }) => request))
      .filter((request) => request.kind === 'recipient');
  return {
    async of(owners) {
      return owners.map((owner) => ({
        consent: memoryConsent(tables, owner),
        epoch: memoryEpochs(tables, owner).epoch,
      }));
    },
    async owners(app, limit) {
      const standing = [...tables.requests.values()].flatMap((byId) =>
        [...byId.values()].filter(
          ({ request, answered, forgotten }) =>
            (request.kind === 'grant' || request.kind === 'policy') &&
            request.app === toHex(app) &&
            !answered &&
            !forgotten,
        ),
      );
      const wallets = [...new Set(standing.map(({ request }) => request.wallet))].sort();
      return wallets.slice(0, limit).map((wallet) => ({ app, wallet: fromHex(wallet, 32) }));
    },
    async certificates(wallet) {
      const mine = recipients().filter((one) => one.wallet === toHex(wallet));
      return mine.sort((a, b) => b.issuedAt - a.issuedAt || (a.id < b.id ? 1 : -1)).slice(0, 100);
    },
    async certified(x25519, now) {
      return recipients().some((one) => toHex(one.content.x25519) === toHex(x25519) && one.content.expiresAt > now);
    },
    async record(accesses, at) {
      for (const access of accesses) {
        const { reader, scope, rootVersion, epoch, by } = access;
        const name = `${ownerName(access)}/${reader}/${scope}/${rootVersion}/${epoch}/${by}`;
        const known = tables.accesses.get(name) ?? { ...access, first: at, last: at, times: 0 };
        tables.accesses.set(name, { ...known, last: Math.max(known.last, at), times: known.times + 1 });
      }
    },
    async accesses(owner, { after, limit }) {
      const mine = [...tables.accesses.values()].filter((one) => ownerName(one) === ownerName(owner));
      return mine
        .filter((one) => !after || order(one, after) > 0)
        .sort(order)
        .slice(0, limit);
    },
    async answerExpired(now, limit) {
      const due = new Map<string, Owner>();
      for (const byId of tables.requests.values()) {
        for (const { request, answered, forgotten } of byId.values()) {
          if (answered || forgotten || (request.kind !== 'grant' && request.kind !== 'policy')) continue;
          const owner = { app: Buffer.from(request.app, 'hex'), wallet: Buffer.from(request.wallet, 'hex') };
          if (request.content.expiresAt <= now) due.set(ownerName(owner), owner);
        }
      }
      const owners = [...due.values()].slice(0, limit);
      for (const owner of owners) {
        const hex = { app: toHex(owner.app), wallet: toHex(owner.wallet) };
        setMemoryEpochs(tables, owner, rekey(memoryConsent(tables, owner), hex, memoryEpochs(tables, owner), now));
      }
      return owners.length;
    },
  };
}

function order(a: AccessPlace, b: AccessPlace): number {
  const names = compare(a.reader, b.reader) || compare(a.scope, b.scope);
  return b.first - a.first || names || a.rootVersion - b.rootVersion || a.epoch - b.epoch || compare(a.by, b.by);
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
