import { createHash } from 'node:crypto';
import { z } from 'zod';
import { defineSink, secret } from '../../services/pipeline/define-sink.ts';
import { openClient } from './opensearch/client.ts';
import { opensearchSink } from './opensearch/opensearch-sink.ts';
import { dropIndices, readIndices } from './opensearch/trial.ts';
import { toSinkError } from './opensearch/weather.ts';
import { weatherproof } from './weatherproof.ts';

const isNode = (text: string) => {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return /^https?:$/.test(protocol) && username === '' && password === '';
};

const config = z.strictObject({
  node: z
    .string()
    .refine(isNode, 'must be http://host:port or https://host:port, without user and password')
    .describe('Address of the cluster. With `https` nothing is sent before its certificate is proven.'),
  username: z.string().min(1).optional().describe('User, where the cluster asks for one.'),
  password: secret(z.string().min(1)).optional().describe('Its password.'),
  ca: z
    .string()
    .min(1)
    .optional()
    .describe('File with the PEM of who signed the certificate, where it is no public authority.'),
  index: z
    .string()
    .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'must be lower-case letters, digits, - and _')
    .describe('Begins the names of the indices, `<index>-<table>`; of this export alone.'),
  shards: z.int().min(1).default(1).describe('Primary shards of each index that is made.'),
  replicas: z.int().min(0).default(1).describe('Replicas of each of them.'),
  requestTimeoutMs: z
    .int()
    .min(100)
    .default(60_000)
    .describe('What takes the cluster longer is given up and tried again, milliseconds.'),
});

export default defineSink({
  name: 'opensearch',
  summary:
    'An index per event type in OpenSearch, with its template; a document per event. Strings are `keyword`, decimals of up to 18 digits `scaled_float` and longer ones `keyword`, times `date` with `.nanos` beside it, lists of records `nested`. What the cluster refuses goes to the index `<index>-_rejected`.',
  config,
  members: {
    ...{ node: 'place', index: 'place', username: 'free', password: 'free', ca: 'operator' },
    ...{ shards: 'free', replicas: 'free', requestTimeoutMs: 'free' },
  },
  create(parsed, context) {
    const { host } = new URL(parsed.node);
    return weatherproof(opensearchSink(openClient(parsed), parsed, context), (error) => toSinkError(error, host));
  },
  async trial(scratch, target) {
    const node = await target('opensearch');
    const index = `trial-${createHash('sha256').update(scratch).digest('hex').slice(0, 16)}`;
    return {
      config: { node, index, replicas: 0 },
      early: true,
      rows: (tables) => readIndices(node, index, tables),
      close: () => dropIndices(node, index),
    };
  },
});
