import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { AppSchemas } from '../../services/pipeline/ports/app-schemas.ts';

const record = (...fields: unknown[]) => JSON.stringify({ type: 'record', name: 'Sale', fields });
const AMOUNT = { name: 'amount', type: 'long', 'ddc.scope': 'purchase' };
const SHOP = { name: 'shop', type: ['null', 'string'], default: null };

export function appSchemasContract(name: string, open: () => AppSchemas): void {
  const newApp = () => randomBytes(32).toString('hex');

  describe(`${name} keeps the contract of apps' schemas`, () => {
    test('an app has none to begin with', async () => {
      const schemas = open();
      const app = newApp();
      expect(await schemas.types(app)).toEqual([]);
      expect(await schemas.versions(app, 'Sale')).toEqual([]);
    });

    test('versions count from 1 within their type, and the same schema again is the version that there is', async () => {
      const schemas = open();
      const app = newApp();
      const [first, second] = [record(AMOUNT), record(AMOUNT, SHOP)];
      const added = [
        await schemas.add(app, 'Sale', first),
        await schemas.add(app, 'Sale', second),
        await schemas.add(app, 'Refund.made-2', first),
        await schemas.add(app, 'Sale', first),
      ];
      expect(added.map(({ type, version }) => [type, version])).toEqual([
        ['Sale', 1],
        ['Sale', 2],
        ['Refund.made-2', 1],
        ['Sale', 1],
      ]);
      expect(await schemas.types(app)).toEqual(['Refund.made-2', 'Sale']);
      const versions = await schemas.versions(app, 'Sale');
      expect(versions.map((one) => [one.app, one.type, one.version, JSON.parse(one.text)])).toEqual([
        [app, 'Sale', 1, JSON.parse(first)],
        [app, 'Sale', 2, JSON.parse(second)],
      ]);
    });

    test('apps do not see each other', async () => {
      const schemas = open();
      const [mine, other] = [newApp(), newApp()];
      await schemas.add(mine, 'Sale', record(AMOUNT));
      expect(await schemas.types(other)).toEqual([]);
      expect((await schemas.add(other, 'Sale', record({ name: 'amount', type: 'string' }))).version).toBe(1);
    });

    test('a version that cannot be read with the ones before, or they with it, is refused', async () => {
      const schemas = open();
      const app = newApp();
      await schemas.add(app, 'Sale', record(AMOUNT));
      for (const text of [record({ ...AMOUNT, type: 'string' }), record(AMOUNT, { name: 'shop', type: 'string' })])
        await expect(schemas.add(app, 'Sale', text)).rejects.toMatchObject({ code: 'schema_incompatible' });
      expect(await schemas.versions(app, 'Sale')).toHaveLength(1);
    });

    test('what is no schema is refused', async () => {
      const refused = open().add(
        newApp(),
        'Sale',
        '{"type":"record","name":"Sale","fields":[{"name":"a","type":"nothing"}]}',
      );
      await expect(refused).rejects.toMatchObject({ code: 'schema_refused' });
    });
  });
}
