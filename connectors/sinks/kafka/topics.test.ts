import { expect, test } from '@jest/globals';
import { topics } from '../../../topics/index.ts';
import { ensureTopic } from '../../kafka/index.ts';
import { judgeSinkConfig } from '../judge.ts';
import kafka from '../kafka.ts';
import { tableTopic } from './topics.ts';

/** Every prefix and type that together name a topic of a deployment. */
const hits = topics.flatMap(({ name }) =>
  ['', 'prod.', 'prod-', 'a_ddc.'].flatMap((deployment) => {
    const full = `${deployment}${name}`;
    return [...full.matchAll(/\./g)].map(({ index }) => [full.slice(0, index), full.slice(index + 1)] as const);
  }),
);
const judge = (prefix: string) =>
  judgeSinkConfig([kafka], 'kafka', { brokers: ['127.0.0.1:1'], registry: 'http://r', prefix }).map(({ path }) => path);
const options = { brokers: ['127.0.0.1:1'], clientId: 'test', log: { warn() {}, error() {} } };
const settings = { partitions: 1, copies: 1, settings: {} };

test.each(hits)('nothing is written to %s.%s', async (prefix, table) => {
  // Before anything is connected to: nothing listens there.
  await expect(ensureTopic(options, { ...settings, name: tableTopic(prefix, table) })).rejects.toMatchObject({
    code: 'own_topic',
  });
});

test('a prefix that leads there is refused when it is declared', () => {
  for (const prefix of ['ddc', 'ddc.batches', 'prod.ddc', 'prod-ddc.removals', 'a_ddc.ddc'])
    expect([prefix, judge(prefix)]).toEqual([prefix, ['config.prefix']]);
  for (const prefix of ['shop', 'ddc.shop', 'addc', 'ddc-export', 'batches']) expect(judge(prefix)).toEqual([]);
});
