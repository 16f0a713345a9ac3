import { beforeEach, describe, expect, test } from '@jest/globals';
import type { ExportOffer, ExportOffers } from '../../services/pipeline/ports/export-offers.ts';

const app = new Uint8Array(32).fill(1);

/** `open` gives an empty store. */
export function exportOffersContract(name: string, open: () => Promise<ExportOffers>): void {
  describe(`ExportOffers: ${name}`, () => {
    let offers: ExportOffers;
    beforeEach(async () => {
      offers = await open();
    });
    const first: ExportOffer = {
      app,
      scopes: ['a', 'b'],
      types: ['T'],
      sinks: ['kafka'],
      partners: ['0a'.repeat(32)],
      expiresAt: 5,
    };

    test('an app has one, the last', async () => {
      expect(await offers.find(app)).toBeNull();
      await offers.put(first);
      await offers.put({ ...first, app: new Uint8Array(32).fill(2), scopes: ['c'] });
      expect(await offers.find(app)).toEqual(first);
      const second = { app, scopes: ['b'], types: null, sinks: [], partners: null, expiresAt: 8 };
      await offers.put(second);
      expect(await offers.find(app)).toEqual(second);
    });
  });
}
