import { FatalError } from '../../../services/pipeline/errors.ts';
import type { Table } from '../../../services/pipeline/ports/table.ts';
import { type OpenSearch, OpenSearchError } from './client.ts';
import type { Documents } from './documents.ts';
import { fieldsOf, settingsOf } from './mapping.ts';
import { indexNames } from './names.ts';

/** Before templates that say nothing about their order, after those that people wrote to come first. */
const TEMPLATE_PRIORITY = 200;
/** The document that says which there are; what it says is text, so that no name becomes a field. */
const INDICES = 'indices';

export interface IndexConfig {
  readonly index: string;
  readonly shards: number;
  readonly replicas: number;
}

/** The indices of an export, each with its template. */
export interface Indices {
  /** Makes the index, or adds the fields that it lacks. @returns its name. @throws FatalError `sink_table_differs` when it has other ones */
  ensure(table: Table): Promise<string>;
  /** All there are, and which table each holds. */
  all(): Promise<Holding>;
  /** Something was not as it was thought to be: what is known is looked up again. */
  forget(): void;
}

/** Which table each index holds: `{"<index>": "<table>"}`. */
export type Holding = Readonly<Record<string, string>>;

export function createIndices(
  { ask }: OpenSearch,
  documents: Documents,
  { index: prefix, shards, replicas }: IndexConfig,
): Indices {
  const known = new Map<string, string>();
  const held = async () => {
    const read = await documents.read<{ readonly holding: string }>(INDICES);
    return { read, holding: read ? (JSON.parse(read.value.holding) as Holding) : {} };
  };

  /** The table's own name; the longer one where another table has taken the short one. */
  async function nameOf(table: string): Promise<string> {
    const { read, holding } = await held();
    const mine = Object.keys(holding).find((index) => holding[index] === table);
    if (mine !== undefined) return mine;
    const name = indexNames(prefix, table).find((index) => !Object.hasOwn(holding, index));
    if (name === undefined)
      throw new FatalError(
        'sink_table_differs',
        `There is no name left for the index of ${table}: use another \`index\`.`,
      );
    const value = { holding: JSON.stringify({ ...holding, [name]: table }) };
    return (await documents.replace(INDICES, read, value)) ? name : nameOf(table);
  }

  async function make(index: string, table: Table): Promise<void> {
    const properties = fieldsOf(table);
    const owner = { export: prefix, table: table.name };
    const template = {
      index_patterns: [index],
      priority: TEMPLATE_PRIORITY,
      _meta: { by: 'cere-ddc' },
      template: { settings: settingsOf(shards, replicas), mappings: { dynamic: 'strict', _meta: owner, properties } },
    };
    await ask({ method: 'PUT', path: `/_index_template/${index}`, body: template });
    const made = await ask({ method: 'PUT', path: `/${index}`, body: {}, accept: [400] });
    if (made.status === 400 && made.body.error?.type !== 'resource_already_exists_exception')
      throw new OpenSearchError(400, String(made.body.error?.type), String(made.body.error?.reason));
    const mapped = await ask({ method: 'PUT', path: `/${index}/_mapping`, body: { properties }, accept: [400] });
    if (mapped.status !== 400) return;
    throw new FatalError(
      'sink_table_differs',
      `The index ${index} does not fit what is exported: ${mapped.body.error?.reason}. Reindex it into one of another name and delete it, or export under another \`index\`.`,
    );
  }

  return {
    async ensure(table) {
      const key = `${table.version}/${table.name}`;
      const seen = known.get(key);
      if (seen !== undefined) return seen;
      const index = await nameOf(table.name);
      await make(index, table);
      known.set(key, index);
      return index;
    },
    all: async () => (await held()).holding,
    forget: () => known.clear(),
  };
}
