import { beforeEach, describe, expect, test } from '@jest/globals';
import { memoryAppSchemas } from '../../../connectors/registry/index.ts';
import { RetriableError } from '../../pipeline/errors.ts';
import type { AppSchemas } from '../../pipeline/ports/app-schemas.ts';
import type { OpenedEvent, RowMakers } from '../opened-event.ts';
import { REFRESH_MS, typedRowMakers } from './row-makers.ts';

const APP = 'a1'.repeat(32);
const amount = { name: 'amount', type: 'long' };
const shop = { name: 'shop', type: ['null', 'string'], default: null };
const schema = (...fields: unknown[]) => JSON.stringify({ type: 'record', name: 'Sale', fields });
const event = (type: string, data: string): OpenedEvent => ({
  type,
  scopes: { purchase: data },
  closed: [],
});

describe('tables that follow the registry', () => {
  let now: number;
  let isDown: boolean;
  let schemas: AppSchemas;
  let makers: RowMakers;
  let calls: string[];
  let unusable: string[];
  let stale: number;
  let changed: string[];

  beforeEach(() => {
    [now, isDown, calls, unusable, stale, changed] = [0, false, [], [], 0, []];
    schemas = memoryAppSchemas();
    const answering = <T>(call: string, answer: () => Promise<T>) => {
      calls.push(call);
      if (isDown) throw new RetriableError('registry_unavailable', 'down');
      return answer();
    };
    makers = typedRowMakers({
      schemas: {
        types: async (app) => answering('types', () => schemas.types(app)),
        versions: async (app, type) => answering(type, () => schemas.versions(app, type)),
      },
      app: APP,
      scopes: ['purchase'],
      now: () => now,
      onUnusable: (type, { version }) => unusable.push(`${type} ${version}`),
      onChanged: (type, before, after) => changed.push(`${type} ${before} ${after}`),
      onStale: () => {
        stale += 1;
      },
    });
  });

  async function row(type: string, data: string) {
    const { table, values } = (await makers.for(new Set([type])))(event(type, data));
    return [table.name, table.version, Object.values(values)];
  }

  test('a type without a schema is text, one with a schema is typed once it is registered, and so is a new version', async () => {
    expect(await row('Sale', '{"amount":1}')).toEqual(['events', 0, ['{"amount":1}']]);
    await schemas.add(APP, 'Sale', schema(amount));
    now += REFRESH_MS;
    expect(await row('Sale', '{"amount":1,"shop":"x"}')).toEqual(['Sale', 1, [1n, '{"shop":"x"}']]);
    expect(await row('View', '{"amount":1}')).toEqual(['events', 0, ['{"amount":1}']]);
    await schemas.add(APP, 'Sale', schema(amount, shop));
    now += REFRESH_MS;
    expect(await row('Sale', '{"amount":1,"shop":"x"}')).toEqual(['Sale', 2, [1n, 'x', null]]);
    // 0: as text. Of a type that is met for the first time nothing changes.
    expect(changed).toEqual(['Sale 0 1', 'Sale 1 2']);
  });

  test('asks no more often than it must, and only for types that occur', async () => {
    for (const type of ['Sale', 'Refund', 'View']) await schemas.add(APP, type, schema(amount));
    for (let n = 0; n < 3; n += 1) await makers.for(new Set(['Sale', 'View', 'unheard of']));
    expect(calls).toEqual(['types', 'Sale', 'View']);
  });

  test('without the registry what is known goes on being used, and what is not is waited for', async () => {
    await schemas.add(APP, 'Sale', schema(amount));
    await schemas.add(APP, 'View', schema(amount));
    expect(await row('Sale', '{"amount":1}')).toEqual(['Sale', 1, [1n, null]]);
    isDown = true;
    now += REFRESH_MS;
    calls = [];
    for (let n = 0; n < 3; n += 1) expect(await row('Sale', '{"amount":1}')).toEqual(['Sale', 1, [1n, null]]);
    expect([calls, stale]).toEqual([['types'], 1]);
    expect(await row('other', 'x')).toEqual(['events', 0, ['x']]);
    await expect(makers.for(new Set(['View']))).rejects.toMatchObject({ code: 'registry_unavailable' });
    isDown = false;
    expect(await row('View', '{"amount":1}')).toEqual(['View', 1, [1n, null]]);
  });

  test('an export does not begin without it', async () => {
    isDown = true;
    await expect(makers.for(new Set(['Sale']))).rejects.toMatchObject({ code: 'registry_unavailable' });
  });

  test('a version that cannot be used is told once; events of a type with no other fit nowhere', async () => {
    await schemas.add(APP, 'Sale', '{"type":"record","name":"Sale","fields":[{"name":"wallet","type":"int"}]}');
    for (let n = 0; n < 2; n += 1) {
      expect(await row('Sale', '{}')).toEqual(['_rejected', 0, ['Sale', 'schema_unusable', expect.any(String)]]);
      now += REFRESH_MS;
    }
    expect(unusable).toEqual(['Sale 1']);
  });
});
