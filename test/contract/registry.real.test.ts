import { expect, test } from '@jest/globals';
import { createRegistryCodecs } from '../../connectors/registry/index.ts';
import { received } from '../../schemas/received.ts';
import { uniqueName } from '../support/kafka.ts';
import { registryContract } from './registry.ts';

function url(): string {
  const base = process.env.SCHEMA_REGISTRY_URL;
  if (!base) throw new Error('SCHEMA_REGISTRY_URL is not set: start the tests with `npm test`, which starts a stack');
  return base;
}

registryContract('the schema registry', () => ({
  open: (now) => createRegistryCodecs({ url: url(), now }),
  topicName: () => uniqueName('registry'),
}));

test('subjects are FULL_TRANSITIVE', async () => {
  const name = uniqueName('registry');
  await createRegistryCodecs({ url: url() }).for({ name, schema: received });
  const config = await fetch(`${url()}/config/${name}-value`);
  expect(await config.json()).toEqual({ compatibilityLevel: 'FULL_TRANSITIVE' });
});

test('a registry that is down is something to try again', async () => {
  const codecs = createRegistryCodecs({ url: 'http://127.0.0.1:9/nothing' });
  await expect(codecs.for({ name: 'any', schema: received })).rejects.toMatchObject({
    code: 'registry_unavailable',
    retriable: true,
  });
});
