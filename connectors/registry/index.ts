export { UndecodableError } from './avro-codec.ts';
export { type MemoryRegistry, memoryCodecs, memoryRegistry } from './memory-registry.ts';
export { createRegistryCodecs, openRegistry, type RegistryOptions } from './registry.ts';
