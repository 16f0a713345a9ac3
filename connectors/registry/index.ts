export { createAppSchemas } from './app-schemas.ts';
export { memoryAppSchemas } from './memory-app-schemas.ts';
export { memoryCodecs, memoryRegistry } from './memory-registry.ts';
export { createReadingCodecs, createRegistryCodecs, openRegistry } from './registry.ts';
export { createRowSchemas, type RowSchemas } from './row-schemas.ts';
