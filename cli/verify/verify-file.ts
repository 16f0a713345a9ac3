import { jsonOf } from '../crypto/json-of.ts';
import { type Outcome, UsageError } from '../crypto/outcome.ts';
import { documentsOf, type JudgedDocument, judgeDocument, type Pinned } from './documents.ts';
import { HOW_TO_PIN } from './operator-key.ts';
import { shownClaims, shownSum } from './shown.ts';
import { openWitnesses, type WitnessOptions } from './witnesses.ts';

/**
 * Judges what a file holds: by itself and, where nodes are named, by what these say.
 * @throws UsageError when there is a receipt and no pinned key, or a node does not answer
 */
export async function verifyFile(bytes: Uint8Array, pinned: Pinned, options: WitnessOptions): Promise<Outcome> {
  const documents = documentsOf(bytes);
  if (pinned.key === null && documents.some(({ kind }) => kind === 'receipt')) throw new UsageError(HOW_TO_PIN);
  const witnesses = await openWitnesses(options);
  try {
    const judged: JudgedDocument[] = [];
    for (const document of documents) {
      const alone = judgeDocument(document, pinned);
      const batch = alone.receipt?.batch;
      judged.push(batch ? judgeDocument(document, pinned, await witnesses.of(batch)) : alone);
    }
    return outcomeOf(judged);
  } finally {
    await witnesses.close();
  }
}

function outcomeOf(judged: readonly JudgedDocument[]): Outcome {
  const claims = judged.flatMap((one) => one.claims);
  const lines = judged.flatMap((one) => [one.title, ...shownClaims(one.claims), '']);
  const ok = judged.every((one) => one.ok);
  return {
    text: [...lines, shownSum(claims), ''].join('\n'),
    json: {
      ok,
      documents: judged.map(({ document, title, ok, claims, receipt }) => ({
        ...{ document, title, ok, claims },
        ...(receipt?.stated ? { stated: jsonOf(receipt.stated) } : {}),
      })),
    },
    bad: !ok,
  };
}
