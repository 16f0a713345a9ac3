import type { ExportRow } from '../pipeline/ports/sink.ts';
import { REJECTED_TABLE } from '../pipeline/ports/table.ts';
import { REJECTIONS } from './typed/unfit.ts';

/** A row of `_rejected`, for whoever looks at the export's status. Without the value: that is the wallet's, and stays in `_rejected`. */
export function rejectedText({ values, eventId, origin, partition }: ExportRow): string {
  const { of, reason } = values as { readonly of: string; readonly reason: string };
  const why = Object.hasOwn(REJECTIONS, reason) ? REJECTIONS[reason as keyof typeof REJECTIONS] : reason;
  return `${of}: ${why}; the last is event ${eventId} (origin ${origin} of partition ${partition}). Such rows are in \`${REJECTED_TABLE}\`, with field and value`;
}

/** A batch that a client encrypted, and that is not what it signed. */
export const mismatchText = (batchId: string, origin: number, partition: number): string =>
  `what a client encrypted is not what it signed, and was left out; the last is batch ${batchId} (origin ${origin} of partition ${partition})`;

/** A type went over to another version of its schema. */
export const changedText = (type: string, before: number | null, now: number | null): string => {
  const named = (version: number | null) =>
    version === null ? 'no usable schema' : `version ${version} of its schema`;
  return `${type} is exported by ${named(now)} from here on (before: ${before === 0 ? 'as text' : named(before)})`;
};
