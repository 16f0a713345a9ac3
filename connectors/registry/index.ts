export { UndecodableError } from './avro-codec.ts';
export { type MemoryRegistry, memoryCodecs, memoryRegistry } from './memory-registry.ts';
export { createRegistryCodecs, type RegistryOptions } from './registry.ts';
