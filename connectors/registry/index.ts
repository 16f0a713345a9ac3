export { memoryCodecs, memoryRegistry } from './memory-registry.ts';
export { createRegistryCodecs, openRegistry } from './registry.ts';
