import type { Metrics } from '../../pipeline/metrics.ts';
import { type Route, text } from '../route.ts';

/** What watches and balances the process. */
export function healthRoutes({ metrics, ready }: { metrics: Metrics; ready: () => boolean }): Route[] {
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
        responses: { 200: text('ready'), 503: text('not ready') },
      },
      handle(_request, response) {
        const isReady = ready();
        response
          .status(isReady ? 200 : 503)
          .type('text')
          .send(isReady ? 'ready\n' : 'not ready\n');
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
