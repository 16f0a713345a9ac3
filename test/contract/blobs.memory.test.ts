import { createMemoryBlobs } from '../../connectors/postgres/memory-blobs.ts';
import { blobsContract } from './blobs.ts';

blobsContract('memory', () => createMemoryBlobs());
