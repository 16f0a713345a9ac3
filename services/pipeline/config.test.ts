import { expect, test } from '@jest/globals';
import { ConfigError, maskConfig, parseConfig } from './config.ts';

const ENCRYPTOR = {
  KAFKA_BROKERS: '127.0.0.1:9092, 127.0.0.1:9093',
  SCHEMA_REGISTRY_URL: 'http://127.0.0.1:8081/apis/ccompat/v7',
  DATABASE_URL: 'postgres://ddc:hunter2@127.0.0.1:5432/ddc',
  DDC_KEK_FILE: 'kek',
};

test('a room starts with what it needs and defaults for the rest', () => {
  const config = parseConfig('encryptor', ENCRYPTOR);
  expect(config.kafkaBrokers).toEqual(['127.0.0.1:9092', '127.0.0.1:9093']);
  expect(config).toMatchObject({
    network: 'cere-sandbox',
    sandbox: true,
    topicPrefix: '',
    httpPort: 0,
    roundSeconds: 10,
    faults: {},
    export: null,
  });
  expect(config.rules.read).toBe(true);
  expect(config.tiers.free.perOperation).toBeGreaterThan(0n);
});

test('all problems are told together', () => {
  const attempt = () =>
    parseConfig('settler', {
      DDC_NETWORK: 'Not Allowed',
      DDC_FAULTS: '{',
      DDC_HTTP_PORT: '99999',
      KAFKA_BROKERS: 'a:1',
    });
  expect(attempt).toThrow(ConfigError);
  try {
    attempt();
  } catch (error) {
    const { problems } = error as ConfigError;
    for (const name of [
      'DATABASE_URL',
      'CHAIN_RPC',
      'DDC_OPERATOR_SEED_FILE',
      'DDC_NETWORK',
      'DDC_FAULTS',
      'DDC_HTTP_PORT',
    ]) {
      expect(problems.some((problem) => problem.startsWith(name))).toBe(true);
    }
  }
});

test('protections can be switched off in a sandbox only', () => {
  const off = parseConfig('encryptor', { ...ENCRYPTOR, DDC_UNSAFE: 'read-rule,dedup' });
  expect(off.rules).toMatchObject({ read: false, duplicates: false, write: true });
  expect(() => parseConfig('encryptor', { ...ENCRYPTOR, DDC_UNSAFE: 'dedup', DDC_NETWORK: 'cere-mainnet' })).toThrow(
    /DDC_UNSAFE/,
  );
  const faults = { ...ENCRYPTOR, DDC_FAULTS: '{"lieEvery":10}' };
  expect(parseConfig('encryptor', faults).faults).toEqual({ lieEvery: 10 });
  expect(() => parseConfig('encryptor', { ...faults, DDC_NETWORK: 'cere-mainnet' })).toThrow(/DDC_FAULTS/);
});

test('what is printed holds no secret', () => {
  const config = parseConfig('exporter', {
    ...ENCRYPTOR,
    DDC_EXPORT: `{"name":"all","app":"${'09'.repeat(32)}","scopes":["purchase"],"sink":"s3","config":{"secretKey":"hunter3"}}`,
  });
  const printed = JSON.stringify(maskConfig(config));
  expect(printed).not.toMatch(/hunter/);
  expect(printed).toContain('postgres://ddc:***@127.0.0.1:5432/ddc');
});

test('an export is a name, or all that is to be said of it', () => {
  const exporter = (DDC_EXPORT: string) => parseConfig('exporter', { ...ENCRYPTOR, DDC_EXPORT });
  expect(exporter('sales-2').export).toBe('sales-2');
  const plan = { name: 'all', app: '09'.repeat(32), scopes: ['purchase'], sink: 's3', config: { a: 1 } };
  expect(exporter(JSON.stringify(plan)).export).toEqual({ ...plan, types: null, schema: 'typed' });
  expect(() => exporter('{"name":"all","scopes":3,"sink":""}')).toThrow(
    /DDC_EXPORT\.app.*DDC_EXPORT\.scopes.*DDC_EXPORT\.sink/s,
  );
  expect(() => exporter('{name')).toThrow(/DDC_EXPORT: is not JSON/);
});
