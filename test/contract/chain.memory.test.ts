import { createMemoryChain } from '../../connectors/chain/memory-chain.ts';
import { chainContract } from './chain.ts';

chainContract('memory', async () => {
  const chain = createMemoryChain();
  return { chain, makeBlock: async () => void chain.makeBlock(), close: () => chain.close() };
});
