import type { SinkContext } from '../../../services/pipeline/define-sink.ts';
import { FatalError } from '../../../services/pipeline/errors.ts';
import { claimOf, holdClaim } from '../claim.ts';
import type { OpenSearch } from './client.ts';

/** Makes the export's own index where it is not there, and writes whose it is, unless somebody has. @throws FatalError `another_log`, `another_export` */
export async function claim(
  { ask }: OpenSearch,
  books: string,
  context: Pick<SinkContext, 'log' | 'name'>,
  replicas: number,
): Promise<void> {
  const settings = {
    'index.hidden': true,
    'index.number_of_shards': 1,
    'index.number_of_replicas': replicas,
    'index.translog.durability': 'request',
  };
  const mappings = { enabled: false };
  const there = await ask({
    method: 'GET',
    path: `/${books}`,
    query: { filter_path: '*.settings.index.uuid' },
    accept: [404],
  });
  if (there.status === 404) {
    const made = await ask({ method: 'PUT', path: `/${books}`, body: { settings, mappings }, accept: [400] });
    const type = made.body.error?.type;
    if (made.status === 400 && type !== 'resource_already_exists_exception') {
      throw new FatalError(
        'sink_index_refused',
        `OpenSearch refused the index ${books}: ${made.body.error?.reason}. Choose another \`index\`.`,
      );
    }
  }
  await ask({ method: 'PUT', path: `/${books}/_create/log`, body: { log: claimOf(context) }, accept: [409] });
  const { body } = await ask({ method: 'GET', path: `/${books}/_doc/log`, query: { preference: '_primary' } });
  holdClaim(String(body._source.log), context, `The index ${books}`, 'another `index`');
}
