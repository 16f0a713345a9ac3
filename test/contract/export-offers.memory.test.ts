import { createMemoryExportOffers } from '../../connectors/postgres/memory-export-offers.ts';
import { exportOffersContract } from './export-offers.ts';

exportOffersContract('memory', async () => createMemoryExportOffers());
