// Who may have which key, from docs/formats.md ("Grants").
import { hex, need } from './bytes.mjs';
import { verifyRequest } from './requests.mjs';

const later = (a, b) => (a.issuedAt > b.issuedAt || (a.issuedAt === b.issuedAt && a.id > b.id) ? a : b);

/** Why keys may be given: `{by, scopes, from}`, the first that includes a key being named. */
function reasonsOf(input) {
  const { network, now } = input;
  const own = ({ app, wallet }) => app === input.app && wallet === input.wallet;
  const [grants, policies, revocations] = [
    ['grants', 'grant'],
    ['policies', 'policy'],
    ['revocations', 'revoke'],
  ].map(([name, kind]) => input[name].map((one) => verifyRequest(one, network, kind)).filter(own));
  const revoked = revocations.map(({ content }) => hex(content.grant));
  const live = ({ id, content }) => now < content.expiresAt && !revoked.includes(id);
  // The last one counts, dead or alive: it replaced the others.
  const policy = policies.length === 0 ? undefined : policies.reduce(later);
  const current = policy !== undefined && live(policy) ? policy : undefined;
  const byPolicy = (holds, more = []) =>
    current !== undefined && holds(current.content.recipients)
      ? [{ by: current.id, scopes: [...current.content.scopes, ...more], from: 0 }]
      : [];

  if (input.certificate !== undefined) {
    const { wallet, issuedAt, content } = verifyRequest(input.certificate, network, 'recipient');
    if (now < issuedAt || now >= content.expiresAt) return [];
    const granted = grants.filter((one) => live(one) && hex(one.content.recipient) === hex(content.x25519));
    return [
      ...granted.map((one) => ({ by: one.id, scopes: [one.content.scope], from: one.content.fromEpoch })),
      ...byPolicy((recipients) => recipients !== 'app' && recipients.map(hex).includes(wallet)),
    ];
  }
  if (input.owner !== undefined) {
    const owner = verifyRequest(input.owner, network, 'keys');
    return own(owner) ? [{ by: owner.id, scopes: owner.content.scopes, from: 0 }] : [];
  }
  return input.export_of === input.app ? byPolicy((recipients) => recipients === 'app', ['__meta']) : [];
}

export function mayServe(input) {
  const reasons = reasonsOf(input);
  const served = input.keys.flatMap(({ scope, epoch }) => {
    const reason = reasons.find(({ scopes, from }) => scopes.includes(scope) && epoch >= from && epoch <= input.epoch);
    return reason === undefined ? [] : [{ scope, epoch, by: reason.by }];
  });
  need(served.length > 0, 'nothing');
  return served;
}
