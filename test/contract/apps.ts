import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Apps } from '../../services/pipeline/ports/apps.ts';

const key = (fill: number) => new Uint8Array(32).fill(fill);

/** `open` gives an empty store. */
export function appsContract(name: string, open: () => Promise<Apps>): void {
  describe(`Apps: ${name}`, () => {
    let apps: Apps;

    beforeEach(async () => {
      apps = await open();
    });

    test('an unknown app is not found', async () => {
      expect(await apps.find(key(1))).toBeNull();
      expect(await apps.list()).toEqual([]);
    });

    test('what was registered is found, with a pot of its own', async () => {
      const first = await apps.add({ app: key(9), tier: 'free', open: true });
      const second = await apps.add({ app: key(1), tier: 'premium', open: false });
      expect(first).toEqual({ app: key(9), tier: 'free', open: true, pot: 0, unpaid: false, origins: [] });
      expect(second.pot).toBe(1);
      expect(await apps.find(key(9))).toEqual(first);
      expect(await apps.list()).toEqual([first, second]);
    });

    test('registering again changes tier and openness, never the pot or the debt', async () => {
      await apps.add({ app: key(1), tier: 'free', open: true });
      await apps.add({ app: key(2), tier: 'free', open: true });
      await apps.setUnpaid(key(1), true);
      const again = await apps.add({ app: key(1), tier: 'premium', open: false });
      expect(again).toEqual({ app: key(1), tier: 'premium', open: false, pot: 0, unpaid: true, origins: [] });
    });

    test('what is not given stays, and is free and closed at first', async () => {
      expect(await apps.add({ app: key(1) })).toMatchObject({ tier: 'free', open: false });
      expect(await apps.add({ app: key(1), open: true })).toMatchObject({ tier: 'free', open: true });
      expect(await apps.add({ app: key(1), tier: 'premium' })).toMatchObject({ tier: 'premium', open: true });
      expect(await apps.add({ app: key(1) })).toMatchObject({ tier: 'premium', open: true, pot: 0 });
    });

    test('unpaid is set and taken back', async () => {
      await apps.add({ app: key(1), tier: 'free', open: true });
      await apps.setUnpaid(key(1), true);
      expect((await apps.find(key(1)))?.unpaid).toBe(true);
      await apps.setUnpaid(key(1), false);
      expect((await apps.find(key(1)))?.unpaid).toBe(false);
      await apps.setUnpaid(key(7), true);
      expect(await apps.find(key(7))).toBeNull();
    });

    test('origins are kept until others are given; an open app without any is called from everywhere', async () => {
      const shop = 'https://shop.example';
      expect(await apps.add({ app: key(1), origins: [shop, 'http://localhost:3000'] })).toMatchObject({
        origins: [shop, 'http://localhost:3000'],
      });
      expect((await apps.add({ app: key(1), tier: 'premium' })).origins).toEqual([shop, 'http://localhost:3000']);
      await apps.add({ app: key(2), origins: [shop] });
      await apps.add({ app: key(3) });
      expect((await apps.origins()).sort()).toEqual(['http://localhost:3000', shop]);
      await apps.add({ app: key(3), open: true });
      expect(await apps.origins()).toContain('*');
      expect((await apps.add({ app: key(1), origins: [] })).origins).toEqual([]);
    });

    test('registrations at the same time get different pots', async () => {
      const added = await Promise.all([1, 2, 3, 4, 5].map((n) => apps.add({ app: key(n), tier: 'free', open: false })));
      expect(added.map((app) => app.pot).sort()).toEqual([0, 1, 2, 3, 4]);
    });
  });
}
