import { type ParsedRequest, type VerifiedRequest, verifyRequest } from '../../protocol/index.ts';
import { isObject } from './input.ts';
import { jsonOf } from './json-of.ts';
import type { Outcome } from './outcome.ts';

/** The signed request that this is, or that comes with sealed keys; undefined where it is none. */
export function requestIn(value: unknown): Record<string, unknown> | undefined {
  if (!isObject(value)) return undefined;
  if (isObject(value.grant) && 'keys' in value) return value.grant;
  return 'kind' in value ? value : undefined;
}

/** What people need to see of a body; the rest is in the JSON. */
function saying(request: ParsedRequest): string {
  const { content } = request;
  const parts = [
    'scope' in content ? `scope ${content.scope} from epoch ${content.fromEpoch} to ${jsonOf(content.recipient)}` : '',
    'x25519' in content ? `key ${jsonOf(content.x25519)}` : '',
    'expiresAt' in content ? `until ${momentOf(content.expiresAt)}` : '',
  ];
  return parts
    .filter((part) => part !== '')
    .map((part) => `, ${part}`)
    .join('');
}

/** Years beyond those of a Date are said in milliseconds. */
function momentOf(time: number): string {
  const moment = new Date(time);
  return Number.isNaN(moment.getTime()) ? `${time} ms` : moment.toISOString();
}

/** Verifies a request for the network that it names or the one that is expected. That it is of now is not asked. @throws ProtocolError */
export function checkedRequest(value: Record<string, unknown>, network: string | undefined, now: number): Outcome {
  const request: VerifiedRequest = verifyRequest(value, { network: network ?? String(value.network) });
  const { kind, app, wallet, id, issuedAt, signer, algorithm, hash, content } = request;
  const author = signer === 'app' ? `app ${app}` : `wallet ${wallet}`;
  const over = 'expiresAt' in content && now >= content.expiresAt;
  return {
    text: `ok: ${kind} ${id}${saying(request)}, signed by ${author} (${algorithm}) for ${request.network}\n`,
    json: {
      ...{ verified: true, kind, id, hash, network: request.network, app, wallet, signer, algorithm, issuedAt },
      content: jsonOf(content),
    },
    warnings: over ? ['expired: it was signed, and is over'] : [],
  };
}
