import { describe, expect, it } from '@jest/globals';
import { readSources, violations } from './support/architecture.ts';

const root = new URL('..', import.meta.url).pathname;

describe('the house', () => {
  it('imports one way, and lets the outside in only at its edges', () => {
    expect(violations(readSources(root))).toEqual([]);
  });

  it.each([
    ['services/encryptor/steps.ts', "import { Kafka } from 'kafkajs';", 'kafkajs is imported only under'],
    ['cli/show.ts', "const { ApiPromise } = await import('@polkadot/api');", '@polkadot/api is imported only under'],
    ['test/integration/x.test.ts', "import pg from 'pg';", 'pg is imported only under'],
    ['stack/ipfs.ts', "import { create } from 'ipfs-http-client';", 'ipfs-http-client is imported only under'],
    [
      'services/pinner/worker.ts',
      "import { x } from '../encryptor/steps.ts';",
      'may not import services/encryptor/steps.ts',
    ],
    [
      'services/pinner/worker.ts',
      "import { x } from '../../connectors/ipfs/kubo.ts';",
      'may not import connectors/ipfs/kubo.ts',
    ],
    [
      'connectors/kafka/writer.ts',
      "import { x } from '../../services/api/server.ts';",
      'may not import services/api/server.ts',
    ],
    [
      'sdk/js/client.ts',
      "import { x } from '../../services/pipeline/errors.ts';",
      'may not import services/pipeline/errors.ts',
    ],
    ['sdk/js/ddc.ts', "import { x } from './kafka/index.ts';", 'may not import sdk/js/kafka/index.ts'],
    [
      'sdk/js/kafka/kafka-log.ts',
      "import { x } from '../../../connectors/postgres/database.ts';",
      'may not import connectors/postgres/database.ts',
    ],
    ['protocol/leaf.ts', "import { x } from '../schemas/received.ts';", 'may not import schemas/received.ts'],
    ['topics/log.ts', "import { x } from '../protocol/index.ts';", 'may not import protocol/index.ts'],
    ['services/settler/round.ts', 'const now = Date.now();', 'environment, clock or randomness'],
    ['services/api/server.ts', 'const port = process.env.PORT;', 'environment, clock or randomness'],
  ])('reports a break in %s: %s', (file, text, message) => {
    expect(violations(new Map([[file, text]]))).toEqual([expect.stringContaining(message)]);
  });

  it('lets main.ts wire connectors and read the environment', () => {
    const text = "import { x } from '../../connectors/kafka/writer.ts';\nconst port = process.env.PORT;";
    expect(violations(new Map([['services/api/main.ts', text]]))).toEqual([]);
  });
});
