import type { Metrics } from '../../pipeline/metrics.ts';
import { answerJson } from '../answer.ts';
import type { Readiness } from '../readiness.ts';
import { ok, type Route, text } from '../route.ts';
import { readyState } from '../shapes.ts';

/** What watches and balances the process. */
export function healthRoutes({ metrics, readiness }: { metrics: Metrics; readiness: Readiness }): Route[] {
  const doc = { method: 'get' as const, tags: ['health'] };
  return [
    {
      access: { kind: 'public' },
      doc: { ...doc, path: '/livez', summary: 'The process answers', responses: { 200: text('ok') } },
      handle: (_request, response) => void response.type('text').send('ok\n'),
    },
    {
      access: { kind: 'public' },
      doc: {
        ...doc,
        path: '/readyz',
        summary: 'Batches are accepted now',
        description:
          'With what it depends on: without what is `required` nothing is accepted. 503 also while it starts, and with state `draining` before it stops.',
        responses: { 200: ok('Ready, or `degraded`.', readyState), 503: ok('Not ready, and why.', readyState) },
      },
      async handle(_request, response) {
        const found = await readiness.look();
        answerJson(response, found.ready ? 200 : 503, found);
      },
    },
    {
      access: { kind: 'public' },
      doc: {
        ...doc,
        path: '/metrics',
        summary: 'Prometheus metrics',
        responses: { 200: text('Text exposition format.') },
      },
      async handle(_request, response) {
        response.type(metrics.contentType).send(await metrics.text());
      },
    },
  ];
}
