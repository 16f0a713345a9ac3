import { OpenAPIRegistry, OpenApiGeneratorV31, type RouteConfig } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import * as shapes from './shapes.ts';

const problemContent = { 'application/problem+json': { schema: shapes.problem } };
const problem = (description: string) => ({ description, content: problemContent });
const ok = (description: string, schema: z.ZodType) => ({ description, content: { 'application/json': { schema } } });
const text = (description: string) => ({ description, content: { 'text/plain': { schema: z.string() } } });
const RETRY_LATER = {
  429: problem('`wallet_rate`: wait as Retry-After says.'),
  503: problem('`overloaded`, `unavailable`, `stopping`: wait as Retry-After says and send the same bytes again.'),
};

const ROUTES: readonly RouteConfig[] = [
  {
    method: 'post',
    path: '/v1/batches',
    tags: ['batches'],
    summary: 'Accept one signed batch',
    description:
      'NDJSON: the header line, then one line per event; LF, no blank lines. Or JSON {header, events}. All or nothing. 202 means that Kafka has it with acks=all. At most 2,000,000 bytes decoded; Content-Encoding gzip, deflate or br.',
    request: {
      body: {
        required: true,
        content: {
          'application/x-ndjson': { schema: z.string().describe('Header line and event lines.') },
          'application/json': { schema: shapes.batchShape },
        },
      },
    },
    responses: {
      202: ok('Accepted; or known already, with its first position.', shapes.acceptance),
      400: problem('Not a batch that can be read; `line` names where.'),
      402: problem('`unpaid`'),
      403: problem('`unknown_app`, `app_closed`'),
      408: problem('`request_timeout`'),
      409: problem('`mode_mismatch`, `subject_mismatch`'),
      410: problem('`erased`'),
      413: problem('`body_too_large`, `batch_too_large`'),
      415: problem('`content_type`, `encoding_unsupported`'),
      422: problem('Read, but not valid: the code names the field, `line` the line.'),
      ...RETRY_LATER,
    },
  },
  {
    method: 'get',
    path: '/v1/batches/{id}',
    tags: ['batches'],
    summary: 'Where a batch is',
    request: { params: z.object({ id: shapes.batchIdShape }) },
    responses: {
      200: ok('Its status.', shapes.batchStatus),
      400: problem('`invalid`'),
      404: problem('`unknown_batch`'),
      503: RETRY_LATER[503],
    },
  },
  {
    method: 'post',
    path: '/v1/batches/status',
    tags: ['batches'],
    summary: 'Where up to 1,000 batches are',
    request: { body: { required: true, content: { 'application/json': { schema: shapes.statusRequest } } } },
    responses: {
      200: ok('One status per id, in order; ids that are not known have outcome `unknown`.', shapes.statusAnswer),
      400: problem('`malformed_json`, `invalid`'),
      413: problem('`payload_too_large`'),
      415: problem('`content_type`'),
      503: RETRY_LATER[503],
    },
  },
  {
    method: 'get',
    path: '/v1/positions',
    tags: ['positions'],
    summary: 'How far each stage is, and where a reader may start',
    responses: { 200: ok('Per partition.', shapes.positionsAnswer), 503: RETRY_LATER[503] },
  },
  { method: 'get', path: '/livez', tags: ['health'], summary: 'The process answers', responses: { 200: text('ok') } },
  {
    method: 'get',
    path: '/readyz',
    tags: ['health'],
    summary: 'Batches are accepted now',
    responses: { 200: text('ready'), 503: text('not ready') },
  },
  {
    method: 'get',
    path: '/metrics',
    tags: ['health'],
    summary: 'Prometheus metrics',
    responses: { 200: text('Text exposition format.') },
  },
];

/** OpenAPI 3.1, from the shapes that validate. */
export function openApiDocument(version: string) {
  const registry = new OpenAPIRegistry();
  for (const route of ROUTES) registry.registerPath(route);
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Cere DDC',
      version,
      description: 'Signed user events, encrypted per scope, stored in IPFS, anchored on a Substrate chain.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
  });
}
