import {
  type Claim,
  fromUtf8,
  type JudgedReceipt,
  judgeReceipt,
  ProtocolError,
  signedBy,
  toHex,
  verifyDisclosure,
  type Witnesses,
} from '../../protocol/index.ts';
import { isObject, parseJson } from '../crypto/input.ts';

/** One thing that a file holds, as it came. */
export type Document = { readonly kind: 'receipt' | 'disclosure' | 'nothing'; readonly value: unknown };

/** A document, claim by claim. */
export interface JudgedDocument {
  readonly document: Document['kind'];
  /** For people: what it is, and of what. */
  readonly title: string;
  readonly claims: readonly Claim[];
  readonly ok: boolean;
  /** Of a receipt. */
  readonly receipt?: JudgedReceipt;
}

const kindOf = (value: unknown): Document['kind'] => {
  if (!isObject(value)) return 'nothing';
  if ('payload' in value) return 'receipt';
  return 'proof' in value ? 'disclosure' : 'nothing';
};

/** What a file holds: one JSON document, the state of a removal with its receipts, or a document a line. */
export function documentsOf(bytes: Uint8Array): Document[] {
  const whole = textOf(bytes);
  const parsed = whole === null ? undefined : parseJson(whole);
  const values =
    parsed === undefined
      ? (whole ?? '')
          .split('\n')
          .filter((line) => line.trim() !== '')
          .map(parseJson)
      : isObject(parsed) && Array.isArray(parsed.receipts)
        ? parsed.receipts
        : [parsed];
  const documents = values.map((value): Document => ({ kind: kindOf(value), value }));
  return documents.length > 0 ? documents : [{ kind: 'nothing', value: undefined }];
}

function textOf(bytes: Uint8Array): string | null {
  try {
    return fromUtf8(bytes);
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
}

/** What the reader knew before. */
export interface Pinned {
  /** The operator's receipt key; null where only disclosures are to be judged. */
  readonly key: Uint8Array | null;
  /** Default: the one that a document names. */
  readonly network?: string;
}

/** Judges one document; pure. */
export function judgeDocument(
  { kind, value }: Document,
  { key, ...pinned }: Pinned,
  witnesses: Witnesses = {},
): JudgedDocument {
  if (kind === 'disclosure') return judgeDisclosure(value, pinned.network);
  if (kind === 'nothing' || key === null) {
    const detail = 'neither a receipt {payload, key, signature} nor a disclosure {header, index, proof, event}';
    return { document: 'nothing', title: 'no document', claims: [failed('form', detail)], ok: false };
  }
  const receipt = judgeReceipt(value, { key, ...pinned }, witnesses);
  return { document: 'receipt', title: titleOf(receipt), claims: receipt.claims, ok: receipt.ok, receipt };
}

const failed = (claim: string, detail: string): Claim => ({ claim, verdict: 'failed', detail });

function titleOf({ kind, batch, stated }: JudgedReceipt): string {
  if (kind === null) return 'receipt';
  if (batch === null)
    return `receipt of kind ${kind}${stated?.wallet instanceof Uint8Array ? ` for wallet ${toHex(stated.wallet)}` : ''}`;
  const of = batch.event?.event ? `event ${batch.event.event.id} in ` : batch.event ? 'a removed event in ' : '';
  return `receipt of ${of}batch ${toHex(batch.batch.id)} of wallet ${toHex(batch.batch.wallet)}`;
}

function judgeDisclosure(value: unknown, network: string | undefined): JudgedDocument {
  try {
    const { header, event, opened, batchId, root } = verifyDisclosure(value);
    if (network !== undefined && header.network !== network) throw new ProtocolError('network');
    const names = Object.keys(opened);
    const closed = Object.keys(event.scopes).filter((scope) => !names.includes(scope));
    const shown = [
      ...names.map((name) => `${name} ${JSON.stringify(opened[name])}`),
      ...closed.map((name) => `${name} closed`),
    ];
    const claims: Claim[] = [
      { claim: 'signature', verdict: 'ok', detail: signedBy(header) },
      {
        claim: 'event',
        verdict: 'ok',
        detail: `${event.id} (${event.type}, ${event.time}) is under the signed root ${toHex(root)}`,
      },
      { claim: 'content', verdict: 'ok', detail: shown.join(', ') },
    ];
    return {
      document: 'disclosure',
      title: `disclosure of event ${event.id} in batch ${toHex(batchId)} of wallet ${header.wallet}`,
      claims,
      ok: true,
    };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { document: 'disclosure', title: 'disclosure', claims: [failed('signature', error.message)], ok: false };
  }
}
