import { z } from 'zod';
import { ApiProblem } from '../problems.ts';
import { clusterShape, requestId } from '../shapes.ts';
import { defineHandler } from './handler.ts';

/** Says which cluster keeps what the wallet writes. Batches that are on their way may still be pinned in the one before. */
export const associate = (clusters: readonly string[]) =>
  defineHandler<'associate'>({
    kind: 'associate',
    path: '/v1/associations',
    status: 200,
    summary: 'Associate a wallet with a cluster',
    note: 'A wallet that has keys in some app stays where it is; naming the cluster that it is in is always answered.',
    answer: z.object({ id: requestId, cluster: clusterShape }),
    problems: { 404: '`unknown_cluster`', 409: '`cluster_settled`' },
    async run({ request }, effects) {
      const { cluster } = request.content;
      if (!clusters.includes(cluster)) throw new ApiProblem('unknown_cluster');
      if (!(await effects.associate(cluster))) throw new ApiProblem('cluster_settled');
      return { id: request.id, cluster };
    },
  });
