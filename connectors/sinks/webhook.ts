import { z } from 'zod';
import { defineSink, secret } from '../../services/pipeline/define-sink.ts';
import { allowedAddresses } from './webhook/addresses.ts';
import { createPost } from './webhook/post.ts';
import { secretBytes } from './webhook/signature.ts';
import { webhookTrial } from './webhook/trial.ts';
import { webhookSink } from './webhook/webhook-sink.ts';

const config = z.strictObject({
  url: z
    .url({ protocol: /^https?$/ })
    .describe('Where messages are posted. `http:` only to addresses in `DDC_PRIVATE_TARGETS`.'),
  secret: secret(
    z.string().refine((text) => secretBytes(text) !== null, '`whsec_` and base64 of 24 to 64 bytes'),
  ).describe('Signs every message (Standard Webhooks, HMAC-SHA256): `whsec_` and base64.'),
  folder: z
    .string()
    .min(1)
    .describe('Folder for the positions; created when absent, shared by all processes of the export.'),
  rows: z.int().min(1).max(10_000).default(500).describe('Rows of one message, as NDJSON; 1: a JSON object each.'),
  bytes: z.int().min(1_000).max(8_000_000).default(1_000_000).describe('Of one message; a larger row goes alone.'),
  timeoutMs: z.int().min(100).max(300_000).default(10_000).describe('For one message and its answer.'),
});

export default defineSink({
  name: 'webhook',
  summary:
    'POSTs signed messages to a URL: rows as NDJSON, and orders to erase or remove. At least once: a message that comes again has its `webhook-id` again. `Retry-After` is kept to, redirects are not followed, private addresses are refused unless the operator names them in `DDC_PRIVATE_TARGETS`.',
  config,
  // Several may post to one URL: positions and what is erased are in the folder.
  members: { folder: 'folder', url: 'free', secret: 'free', rows: 'free', bytes: 'free', timeoutMs: 'free' },
  create({ url, secret: key, folder, rows, bytes, timeoutMs }, context) {
    const { privateTargets = [], now = () => performance.timeOrigin + performance.now() } = context;
    const secretOf = secretBytes(key);
    if (!secretOf) throw new TypeError('the configuration was not parsed');
    const post = createPost({ url, secret: secretOf, allowed: allowedAddresses(privateTargets), timeoutMs, now });
    return webhookSink({ folder, limits: { rows, bytes }, post }, context);
  },
  trial: webhookTrial,
});
