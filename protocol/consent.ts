import { equalBytes, fromHex } from './bytes.ts';
import type { VerifiedRequest } from './requests/request.ts';
import { META_SCOPE } from './scope-name.ts';

/** Everything that one wallet has signed about who may read it. Requests of other wallets or apps in it count for nothing. */
export interface Consent {
  /** Verified, in any order. */
  grants: readonly VerifiedRequest<'grant'>[];
  /** Verified, in any order; the last by `issuedAt`, then by id, counts. */
  policies: readonly VerifiedRequest<'policy'>[];
  /** Verified, in any order; each names a grant or a policy. */
  revocations: readonly VerifiedRequest<'revoke'>[];
}

/** Who asks: the holder of a certificate, an export of an app (hex; null for one of the operator over all apps), or the owner. */
export type Asker =
  | { certificate: VerifiedRequest<'recipient'> }
  | { exportOf: string | null }
  | { owner: VerifiedRequest<'keys'> };

/** Whose keys are asked for, and by whom. */
export interface KeyRequest {
  /** 32-byte public key, hex. */
  app: string;
  /** 32-byte public key, hex. */
  wallet: string;
  /** The newest epoch that has begun; keys of later ones are not given. */
  epoch: number;
  /** Who asks. */
  asker: Asker;
  /** The wanted keys; each epoch 0 to 2^32-1. */
  keys: readonly { scope: string; epoch: number }[];
}

/** A key that may be given, and why. */
export interface ServedKey {
  /** Name of the scope, also `__meta`. */
  scope: string;
  /** 0 to 2^32-1. */
  epoch: number;
  /** Id of the grant, policy or keys request that allows it, hex: what the access log names. */
  by: string;
  /** Where it is to be sealed to, 32 bytes; null for an export, which is part of the service. */
  recipient: Uint8Array | null;
}

type Owner = { app: string; wallet: string };
const isOf = (owner: Owner) => (request: Owner) => request.app === owner.app && request.wallet === owner.wallet;

/** Whether a grant or policy was ended by name; the revocation is of the same owner. */
export function isRevoked(consent: Consent, request: Owner & { id: string }): boolean {
  const id = fromHex(request.id);
  return consent.revocations.some((one) => isOf(request)(one) && equalBytes(one.content.grant, id));
}

/** Later ones replace earlier ones; of the same moment the larger id, so that every reader decides alike. */
const isLater = (a: VerifiedRequest, b: VerifiedRequest) =>
  a.issuedAt > b.issuedAt || (a.issuedAt === b.issuedAt && a.id > b.id);

/** The one policy that counts: the last of this owner, dead or alive. An earlier one does not come back. */
export function currentPolicy(consent: Consent, owner: Owner): VerifiedRequest<'policy'> | undefined {
  let last: VerifiedRequest<'policy'> | undefined;
  for (const one of consent.policies) if (isOf(owner)(one) && (last === undefined || isLater(one, last))) last = one;
  return last;
}

/** Whether a grant or policy still holds: not expired, and not revoked. @param now milliseconds since the epoch. */
export function isLive(
  consent: Consent,
  request: VerifiedRequest<'grant'> | VerifiedRequest<'policy'>,
  now: number,
): boolean {
  return now < request.content.expiresAt && !isRevoked(consent, request);
}

/** A reason to give keys of a scope from an epoch on. */
interface Reason {
  id: string;
  scopes: readonly string[];
  fromEpoch: number;
  recipient: Uint8Array | null;
}

function policyReason(consent: Consent, request: KeyRequest, now: number): Reason[] {
  const policy = currentPolicy(consent, request);
  if (policy === undefined || !isLive(consent, policy, now)) return [];
  const { recipients, scopes } = policy.content;
  const reason = { id: policy.id, scopes, fromEpoch: 0 };
  const { asker } = request;
  if ('exportOf' in asker) {
    if (recipients !== 'app' || asker.exportOf !== request.app) return [];
    // Without meta an export could not check what it exports.
    return [{ ...reason, scopes: [...scopes, META_SCOPE], recipient: null }];
  }
  if (!('certificate' in asker) || recipients === 'app') return [];
  const { wallet, content } = asker.certificate;
  return recipients.some((key) => equalBytes(key, fromHex(wallet))) ? [{ ...reason, recipient: content.x25519 }] : [];
}

function reasonsOf(consent: Consent, request: KeyRequest, now: number): Reason[] {
  const { asker } = request;
  if ('owner' in asker) {
    const { id, content } = asker.owner;
    if (!isOf(request)(asker.owner)) return [];
    return [{ id, scopes: content.scopes, fromEpoch: 0, recipient: content.recipient }];
  }
  if ('exportOf' in asker) return policyReason(consent, request, now);
  const { issuedAt, content } = asker.certificate;
  if (!(now >= issuedAt && now < content.expiresAt)) return [];
  const grants = consent.grants
    .filter((one) => isOf(request)(one) && equalBytes(one.content.recipient, content.x25519))
    .filter((one) => isLive(consent, one, now))
    .map((one) => ({
      id: one.id,
      scopes: [one.content.scope],
      fromEpoch: one.content.fromEpoch,
      recipient: content.x25519,
    }));
  return [...grants, ...policyReason(consent, request, now)];
}

/**
 * Decides which of the wanted keys may be given: a live grant covers its scope from its first epoch on, also in epochs that began after it; the
 * live policy covers its scopes in every epoch; the owner gets what was asked for. `__meta` is given where it is named, and to an export of the
 * app with any live policy for it: an export is part of the service and checks every signature. Expired and revoked ones give nothing, nor does an expired certificate.
 * @param now milliseconds since the epoch. That the requests are verified is in their type; an owner's request is fresh and used once, which the caller checks.
 */
export function mayServe(consent: Consent, request: KeyRequest, now: number): ServedKey[] {
  const reasons = reasonsOf(consent, request, now);
  return request.keys.flatMap(({ scope, epoch }) => {
    if (!Number.isInteger(epoch) || epoch < 0 || epoch > request.epoch) return [];
    const reason = reasons.find((one) => one.scopes.includes(scope) && epoch >= one.fromEpoch);
    return reason === undefined ? [] : [{ scope, epoch, by: reason.id, recipient: reason.recipient }];
  });
}
