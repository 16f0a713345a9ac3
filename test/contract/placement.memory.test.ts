import { createMemoryClusters } from '../../connectors/postgres/memory-clusters.ts';
import { createMemoryPins } from '../../connectors/postgres/memory-pins.ts';
import { placementContract } from './placement.ts';

placementContract('memory', () => ({ clusters: createMemoryClusters(), pins: createMemoryPins() }));
