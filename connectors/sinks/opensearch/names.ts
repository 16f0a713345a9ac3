import { createHash } from 'node:crypto';
import type { ExportRow } from '../../../services/pipeline/ports/sink.ts';

/** Fields that every document has already, in the words of OpenSearch. */
const METADATA = new Set(
  'doc_count,feature,field_names,id,ignored,index,nested_path,primary_term,routing,seq_no,size,source,tier,type,version'.split(
    ',',
  ),
);

const mark = (name: string) => createHash('sha256').update(name).digest('hex').slice(0, 8);

/** Where the export keeps its own. Not under the prefix: who asks for `<prefix>-*` asks for rows. */
export const booksIndex = (prefix: string): string => `ddc-books-${prefix}`;

/** What the index of a table is called, best first: in lower case, as OpenSearch wants it, which another table may have taken. */
export function indexNames(prefix: string, table: string): readonly string[] {
  const folded = table.toLowerCase();
  return [`${prefix}-${folded}`, `${prefix}-${folded}-${mark(table)}`];
}

export const fieldName = (name: string): string =>
  name.startsWith('_') && METADATA.has(name.slice(1)) ? `${name}_${mark(name)}` : name;

/**
 * Of the document of a row: its place in the log, which is its alone and which it keeps. Not the id of its event: that is unique in its batch
 * alone, and one wallet could hide what another did. In order, so that the cluster finds quickly whether it is there.
 */
export const documentId = ({ partition, origin, slot }: Pick<ExportRow, 'partition' | 'origin' | 'slot'>): string =>
  `${partition}-${origin}-${slot}`;
