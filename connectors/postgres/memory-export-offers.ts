import type { ExportOffer, ExportOffers } from '../../services/pipeline/ports/export-offers.ts';

/** Memory twin of the offers. */
export function createMemoryExportOffers(): ExportOffers {
  const offers = new Map<string, ExportOffer>();
  const nameOf = (app: Uint8Array) => Buffer.from(app).toString('hex');
  return {
    put: async (offer) => void offers.set(nameOf(offer.app), structuredClone(offer)),
    find: async (app) => offers.get(nameOf(app)) ?? null,
  };
}
