import { Command } from 'commander';
import { equalBytes, fromUtf8, type Header, ready, toHex, verifyDisclosure } from '../../protocol/index.ts';
import { verifiedBody } from './batch-input.ts';
import { checkedRequest, requestIn } from './checked-request.ts';
import { isObject, parseJson, readWanted } from './input.ts';
import { type Outcome, Refusal, settle, UsageError } from './outcome.ts';
import { bytesOption } from './places.ts';

interface Options {
  readonly network?: string;
  readonly batchId?: string;
  readonly root?: string;
  readonly json: boolean;
}

interface Checked {
  readonly kind: 'batch' | 'disclosure';
  readonly header: Header;
  readonly root: Uint8Array;
  readonly batchId: Uint8Array;
  readonly more: object;
  readonly warnings: readonly string[];
}

function check(input: Uint8Array, value: unknown, network: string | undefined): Checked {
  if (isObject(value) && 'proof' in value) {
    const { opened, header, root, batchId, event } = verifyDisclosure(value);
    if (network !== undefined && header.network !== network)
      throw new Refusal('network', 'It was signed for another network.');
    return { kind: 'disclosure', header, root, batchId, more: { event: event.id, opened }, warnings: [] };
  }
  if (isObject(value) && !('events' in value || 'v' in value))
    throw new Refusal('input', 'Standard input is no batch, no disclosure and no signed request.');
  const { header, root, batchId, mode } = verifiedBody(input, network);
  const warnings =
    mode === 'client' ? ['content: unchecked; the envelopes open only with the keys, see `ddc crypto open`'] : [];
  return { kind: 'batch', header, root, batchId, more: { mode }, warnings };
}

function mustEqual(wanted: string | undefined, actual: Uint8Array, name: 'root' | 'batch_id'): void {
  if (wanted !== undefined && !equalBytes(bytesOption(wanted, `--${name.replace('_', '-')}`), actual))
    throw new Refusal(name, `What was signed has another ${name.replace('_', ' ')}: ${toHex(actual)}.`);
}

/** An app's signature says nothing of the user. */
const signedBy = ({ signer, app, wallet }: Header): string =>
  signer === 'app' ? `attested by app ${app}, not signed by wallet ${wallet}` : `signed by wallet ${wallet}`;

async function verify(options: Options): Promise<Outcome> {
  await ready();
  const input = await readWanted();
  const value = parseJson(fromUtf8(input));
  const request = requestIn(value);
  if (request !== undefined) {
    if (options.root !== undefined || options.batchId !== undefined)
      throw new UsageError('--root and --batch-id are for batches and disclosures; this is a signed request.');
    return checkedRequest(request, options.network, Date.now());
  }
  const { kind, header, root, batchId, more, warnings } = check(input, value, options.network);
  mustEqual(options.root, root, 'root');
  mustEqual(options.batchId, batchId, 'batch_id');
  const { network, app, wallet, signer, algorithm, source, seq, issuedAt, count } = header;
  return {
    text: `ok: ${kind} ${toHex(batchId)} of ${count} events, ${signedBy(header)} (${algorithm}) for ${network}\n`,
    json: {
      verified: true,
      kind,
      batchId: toHex(batchId),
      root: toHex(root),
      ...{ network, app, wallet, signer, algorithm, source, seq, issuedAt, count },
      ...more,
    },
    warnings,
  };
}

/** `ddc crypto verify`. */
export const command = (): Command =>
  new Command('verify')
    .description('check a batch, a disclosure, or a certificate, grant or other signed request; stdin: NDJSON or JSON')
    .option('--network <name>', 'for which it must have been signed (default: the one it names)')
    .option('--batch-id <hex>', 'the id that it must have')
    .option('--root <hex>', 'the Merkle root that it must have')
    .option('--json', 'one line of JSON', false)
    .action((options: Options) => settle(options.json, () => verify(options)));
