import { inclusionProof, toHex, verifyInclusion } from '../../protocol/index.ts';
import type { IndexRow } from '../census/index-rows.ts';
import type { OpenedBatch } from '../census/opened-batch.ts';
import type { SettlementProof } from '../census/settlement.ts';

/** Everything one customer did, as the owner of the wallet reads it. */
export interface Journey {
  readonly customer: string;
  readonly wallet: Uint8Array;
  readonly batches: readonly { readonly row: IndexRow; readonly batch: OpenedBatch }[];
}

/** The customer with the most events. */
export function busiest(events: Iterable<{ readonly customer: string }>): string {
  const totals = new Map<string, number>();
  for (const { customer } of events) totals.set(customer, (totals.get(customer) ?? 0) + 1);
  const [first] = [...totals].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  if (!first) throw new Error('nobody did anything');
  return first[0];
}

/** The journey as text: events in order of time, then what was checked. */
export function describeJourney({ customer, wallet, batches }: Journey): string {
  const events = batches.flatMap(({ batch }) => batch.events).sort((a, b) => (a.time < b.time ? -1 : 1));
  const lines = [
    `Customer ${customer}, wallet ${short(toHex(wallet))}: ${events.length} events, decrypted from IPFS`,
    '',
  ];
  for (const event of events) {
    const scopes = Object.entries(event.scopes).map(([scope, text]) => `${scope} ${text}`);
    lines.push(`  ${event.time.slice(0, 10)}  ${event.type}  ${scopes.join('  ')}`);
  }
  lines.push('');
  for (const { row, batch } of batches) lines.push(...describeBatch(row, batch));
  return lines.join('\n');
}

function describeBatch(row: IndexRow, batch: OpenedBatch): string[] {
  const { header, leaves, root } = batch;
  const proof = inclusionProof(leaves, 0);
  const leaf = leaves[0] as Uint8Array;
  const included = verifyInclusion({ leaf, index: 0, count: leaves.length, proof, root });
  const signer = header.signer === 'wallet' ? 'signed by the wallet' : 'attested by the app, not signed by the user';
  return [
    `  batch ${toHex(row.batchId)}`,
    `    signature  ok (${header.algorithm}, ${signer}, source ${short(header.source)}, seq ${header.seq})`,
    `    inclusion  ${included ? 'ok' : 'FAILED'}: event 1 of ${leaves.length} is under the signed root ${short(toHex(root))}, ${proof.length} hashes`,
  ];
}

/** The settlement of one batch of the journey as text. */
export function describeSettlement(proof: SettlementProof): string {
  return [
    `  settlement of batch ${toHex(proof.batchId)}`,
    `    round ${proof.round}, leaf ${proof.index + 1} of ${proof.leaves}, fee ${proof.fee} planck`,
    `    root ${short(toHex(proof.root))} remarked beside a charge of ${proof.charged} planck in block ${proof.block.number} (${short(toHex(proof.block.hash))}), finalized`,
  ].join('\n');
}

const short = (hex: string): string => (hex.length > 20 ? `${hex.slice(0, 10)}…${hex.slice(-6)}` : hex);
