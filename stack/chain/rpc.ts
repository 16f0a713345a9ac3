import type { Blockchain } from '@acala-network/chopsticks';
import type { handler } from '@acala-network/chopsticks/rpc/index';
import type { BlockPolicy } from './block-policy.ts';

type Rpc = ReturnType<typeof handler>;

const SUBMISSIONS = new Set(['author_submitExtrinsic', 'author_submitAndWatchExtrinsic', 'transaction_v1_broadcast']);

/**
 * Chopsticks' RPC with the block policy around it:
 * - submissions, taken or refused, set the policy's timer;
 * - `dev_setBlockBuildMode` "Manual" pauses the policy, any other mode resumes it;
 * - `dev_setStorage` waits until no block is being built (else a block under way would not see the change) and stores the head again, so that
 *   the change survives a restart.
 */
export function withBlockPolicy(chain: Blockchain, rpc: Rpc, policy: BlockPolicy): Rpc {
  return async (request, subscriptions) => {
    if (SUBMISSIONS.has(request.method)) {
      try {
        const answer = await rpc(request, subscriptions);
        policy.transaction();
        return answer;
      } catch (error) {
        policy.refused();
        throw error;
      }
    }
    if (request.method === 'dev_setBlockBuildMode') {
      policy.pause(request.params[0] === 'Manual');
      return null;
    }
    if (request.method === 'dev_setStorage') {
      while ((await chain.txPool.upcomingBlocks()) > 0);
      const answer = await rpc(request, subscriptions);
      await chain.saveBlockToDB(chain.head);
      return answer;
    }
    return rpc(request, subscriptions);
  };
}
