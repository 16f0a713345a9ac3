import { Command } from 'commander';
import {
  checkRequestTime,
  ready,
  type SignedRequest,
  sealScopeKey,
  toBase64url,
  toHex,
  type VerifiedRequest,
  verifyRequest,
} from '../../protocol/index.ts';
import { parseJson, readText } from './input.ts';
import { type Outcome, settle } from './outcome.ts';
import { bytesOption, epochOption, keyOf, publicKeyOption, readKeyFile } from './places.ts';
import { type SigningOptions, signAs, signingOptions } from './signing.ts';

interface Options extends SigningOptions {
  readonly app: string;
  readonly scope: string;
  readonly fromEpoch: number;
  readonly recipient: string;
  readonly keyFile?: string;
  readonly json: boolean;
}

interface Recipient {
  readonly x25519: Uint8Array;
  readonly warnings: readonly string[];
}

/** A key in hex, or the file of a certificate, which must hold now. @throws ProtocolError, UsageError */
function recipientOf({ recipient, network, expires }: Options): Recipient {
  if (/^(0x)?[0-9a-fA-F]{64}$/.test(recipient)) {
    const warning = 'not_certified: nobody has signed whose key this is; the service takes certified keys only';
    return { x25519: bytesOption(recipient, '--recipient'), warnings: [warning] };
  }
  const value = parseJson(readText(recipient, '--recipient'));
  const certificate: VerifiedRequest<'recipient'> = verifyRequest(value, { network, kind: 'recipient' });
  checkRequestTime(certificate, Date.now());
  const { x25519, expiresAt } = certificate.content;
  const until = new Date(expiresAt).toISOString();
  return {
    x25519,
    warnings: expiresAt < expires ? [`certificate_ends: the certificate holds until ${until} only`] : [],
  };
}

/** One key for the recipient alone, in the form in which the service answers keys. */
function sealedKey(
  request: SignedRequest<'grant'>,
  { scope, fromEpoch }: Options,
  x25519: Uint8Array,
  key: Uint8Array,
) {
  const sealed = toBase64url(sealScopeKey(x25519, key));
  return { scope, epoch: fromEpoch, by: request.id, recipient: toHex(x25519), sealed };
}

async function grant(options: Options): Promise<Outcome> {
  const { scope, fromEpoch, expires, keyFile } = options;
  const app = toHex(await publicKeyOption(options.app, '--app'));
  const scopeKey = keyFile === undefined ? undefined : keyOf(readKeyFile(keyFile), scope);
  await ready();
  const { x25519, warnings } = recipientOf(options);
  const content = { scope, fromEpoch, recipient: x25519, expiresAt: expires };
  const request = await signAs('grant', app, options, (grantor) => ({ grantor, ...content }));
  const made = scopeKey ? { grant: request, keys: [sealedKey(request, options, x25519, scopeKey)] } : request;
  return { text: `${JSON.stringify(made)}\n`, json: made, warnings };
}

const HELP = `
Without --key-file, stdout is the signed request: post it to /v1/grants of the service within five minutes, which
then hands the keys to the recipient. With --key-file, for keys that the service does not have (client mode), it is
{grant, keys}: send it to the recipient, who opens with it: ddc crypto open --grant-file.
A key opens its epoch for ever; the end of a grant stops only what the service gives out later.`;

/** `ddc crypto grant`. */
export const command = (): Command =>
  signingOptions(new Command('grant'))
    .description("sign that a recipient may read one scope, and seal the scope's key to them")
    .requiredOption('--app <key>', "the app's public key, hex or SS58")
    .requiredOption('--scope <name>', 'the one scope')
    .requiredOption('--recipient <file or hex>', 'their certificate, or their X25519 key alone')
    .option('--from-epoch <n>', 'first key epoch that it opens', epochOption, 0)
    .option('--key-file <file>', 'JSON object of scope to key of that epoch: seal this key, too')
    .option('--json', 'the same: what is signed is one line of JSON anyway', false)
    .addHelpText('after', HELP)
    .action((options: Options) => settle(options.json, () => grant(options)));
