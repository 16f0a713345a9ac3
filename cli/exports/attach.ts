import type { Algorithm } from '../../protocol/index.ts';
import { encodeBearer, ready } from '../../protocol/index.ts';
import { walletToken } from '../../sdk/js/index.ts';
import type { ExportView } from '../../services/pipeline/exports/view.ts';
import { accountOf } from '../crypto/account.ts';
import { Refusal } from '../crypto/outcome.ts';

export interface AttachWish {
  /** Of the API. */
  readonly url: string;
  readonly network: string;
  /** 64 hex digits. */
  readonly app: string;
  /** Secret URI of the partner's wallet, and its algorithm. */
  readonly secret: string;
  readonly algorithm: Algorithm;
  readonly declaration: unknown;
}

interface Refused {
  readonly code?: string;
  readonly title?: string;
  readonly advice?: string;
  readonly problems?: readonly { readonly code: string; readonly path: string; readonly message: string }[];
}

/** Attaches an export as the partner that the secret is of. @throws Refusal with what the API says against it, all of it */
export async function attachExport({
  url,
  network,
  app,
  secret,
  algorithm,
  declaration,
}: AttachWish): Promise<ExportView> {
  const { keyPair } = await accountOf(secret, algorithm);
  await ready();
  const signer = { publicKey: keyPair.publicKey, secretKey: keyPair.secretKey, algorithm };
  const token = walletToken(signer, { network, app: Buffer.from(app, 'hex'), operations: ['exports.attach'] });
  const answer = await fetch(`${url.replace(/\/$/, '')}/v1/apps/${app}/attached-exports`, {
    method: 'POST',
    headers: { authorization: `Bearer ${encodeBearer(token)}`, 'content-type': 'application/json' },
    body: JSON.stringify(declaration),
  });
  const body: unknown = await answer.json();
  if (answer.ok) return body as ExportView;
  const { code = `http_${answer.status}`, title = `HTTP ${answer.status}`, advice = '', problems } = body as Refused;
  const lines = (problems ?? []).map((one) => `- ${one.path}: ${one.message} (${one.code})`);
  throw new Refusal(code, [`${title} ${advice}`.trim(), ...lines].join('\n'), problems);
}
