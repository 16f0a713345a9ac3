import { expect, test } from '@jest/globals';
import { createAppSchemas } from '../../connectors/registry/index.ts';
import { uniqueName } from '../support/kafka.ts';
import { appSchemasContract } from './app-schemas.ts';

function url(): string {
  const base = process.env.SCHEMA_REGISTRY_URL;
  if (!base) throw new Error('SCHEMA_REGISTRY_URL is not set: start the tests with `npm test`, which starts a stack');
  return base;
}

appSchemasContract('the schema registry', () => createAppSchemas({ url: url(), prefix: '' }));

test('deployments that share a registry do not see each other', async () => {
  const [one, other] = [uniqueName('schemas'), uniqueName('schemas')].map((prefix) =>
    createAppSchemas({ url: url(), prefix }),
  );
  const app = 'a1'.repeat(32);
  await one?.add(app, 'Sale', '{"type":"record","name":"Sale","fields":[{"name":"a","type":"int"}]}');
  expect([await one?.types(app), await other?.types(app)]).toEqual([['Sale'], []]);
});

test('a registry that is down is something to try again', async () => {
  const schemas = createAppSchemas({ url: 'http://127.0.0.1:9/nothing', prefix: '' });
  const calls = [schemas.types('a1'), schemas.versions('a1', 'Sale'), schemas.add('a1', 'Sale', '"int"')];
  for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'registry_unavailable', retriable: true });
});
