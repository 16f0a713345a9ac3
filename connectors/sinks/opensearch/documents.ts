import type { Json, OpenSearch } from './client.ts';

/** A document of the export's own index, as it was read. */
export interface Read<T> {
  readonly value: T;
  /** What changes it only if it still is this one; `op_type` where there was none. */
  readonly as: Readonly<Record<string, string | number>>;
}

/** Single documents that are changed by compare-and-set. */
export interface Documents {
  /** From the primary: what was acknowledged is seen. */
  read<T>(id: string): Promise<Read<T> | null>;
  /** @returns whether the document still was that one; null: there was none */
  replace(id: string, was: Read<unknown> | null, value: unknown): Promise<boolean>;
}

export function createDocuments({ ask }: OpenSearch, books: string): Documents {
  const path = (id: string) => `/${books}/_doc/${encodeURIComponent(id)}`;
  return {
    async read(id) {
      const { body } = await ask({ method: 'GET', path: path(id), query: { preference: '_primary' }, accept: [404] });
      if (!body.found) return null;
      const { _source, _seq_no, _primary_term }: Json = body;
      return { value: _source, as: { if_seq_no: _seq_no, if_primary_term: _primary_term } };
    },
    async replace(id, was, value) {
      const query = was?.as ?? { op_type: 'create' };
      return (await ask({ method: 'PUT', path: path(id), query, body: value, accept: [409] })).status !== 409;
    },
  };
}
