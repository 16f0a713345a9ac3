import { memoryCodecs, memoryRegistry } from '../../connectors/registry/index.ts';
import { registryContract } from './registry.ts';

registryContract('the memory registry', () => {
  const registry = memoryRegistry();
  let topics = 0;
  return { open: (now) => memoryCodecs(registry, now), topicName: () => `topic-${topics++}` };
});
