import { randomBytes } from 'node:crypto';
import { createSubstrateChain } from '../../connectors/chain/substrate-chain.ts';
import { fundOperator, sandboxRpc } from '../../stack/chain/fund.ts';
import { chainContract } from './chain.ts';

chainContract('Substrate', async () => {
  const endpoint = process.env.CHAIN_RPC ?? '';
  const operator = `//Test//${randomBytes(8).toString('hex')}`;
  await fundOperator(endpoint, operator, 2);
  const chain = await createSubstrateChain({ endpoint, operator, era: 8 });
  return {
    chain,
    makeBlock: async () => void (await sandboxRpc(endpoint, 'dev_newBlock', [{}])),
    close: () => chain.close(),
  };
});
