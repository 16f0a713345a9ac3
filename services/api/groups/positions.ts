import { answerJson } from '../answer.ts';
import { positionsView } from '../positions-view.ts';
import { ok, type Route } from '../route.ts';
import { positionsAnswer } from '../shapes.ts';

/** How far the stages are. */
export const positionsRoutes = (deps: Parameters<typeof positionsView>[0]): Route[] => [
  {
    access: { kind: 'public' },
    doc: {
      method: 'get',
      path: '/v1/positions',
      tags: ['positions'],
      summary: 'How far each stage is, and where a reader may start',
      responses: { 200: ok('Per partition.', positionsAnswer) },
    },
    handle: async (_request, response) => answerJson(response, 200, await positionsView(deps)),
  },
];
