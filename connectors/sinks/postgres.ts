import { createHash } from 'node:crypto';
import { z } from 'zod';
import { defineSink, secret } from '../../services/pipeline/define-sink.ts';
import { openPool } from './postgres/pool.ts';
import { postgresSink } from './postgres/postgres-sink.ts';
import { dropSchema, readSchema } from './postgres/trial.ts';
import { toSinkError } from './postgres/weather.ts';
import { weatherproof } from './weatherproof.ts';

const URL_HELP =
  'must be postgres://user@host:port/database and nothing else; TLS is said by `tls` and `ca`, and no socket of this machine is a host';
const isServer = (text: string) => {
  if (!URL.canParse(text)) return false;
  const { protocol, search, hostname } = new URL(text);
  // An encoded slash makes a host a socket, behind which this machine's own user may be let in.
  return /^postgres(ql)?:$/.test(protocol) && search === '' && hostname !== '' && !hostname.includes('%');
};

const config = z.strictObject({
  url: secret(z.string().refine(isServer, URL_HELP)).describe(
    'Server and database, `postgres://user@host:port/database`, with the password or without.',
  ),
  password: secret(z.string().min(1)).optional().describe('The password, where the URL has none.'),
  schema: z
    .string()
    .regex(/^[a-z_][a-z0-9_]{0,62}$/, 'must be lower-case letters, digits and underscores')
    .describe('Schema that receives the tables, of this export alone; created when absent.'),
  tls: z
    .enum(['verify', 'off'])
    .default('verify')
    .describe('`verify`: nothing is sent before the certificate of the server is proven. `off`: as plain text.'),
  ca: z
    .string()
    .min(1)
    .optional()
    .describe('File with the PEM of who signed that certificate, where it is no public authority.'),
  statementTimeoutMs: z
    .int()
    .min(100)
    .default(60_000)
    .describe('What takes the server longer is cancelled and tried again, milliseconds.'),
  connectTimeoutMs: z.int().min(100).default(5_000).describe('Longest wait for a connection, milliseconds.'),
});

export default defineSink({
  name: 'postgres',
  summary:
    'A table per event type in a schema of PostgreSQL, rows and position in one transaction. Names are in lower case; decimals are `numeric`, times `timestamptz`, lists of scalars arrays, records and other lists `jsonb`.',
  config,
  members: {
    ...{ url: 'place', schema: 'place', password: 'free', tls: 'free', ca: 'operator' },
    ...{ statementTimeoutMs: 'free', connectTimeoutMs: 'free' },
  },
  create(parsed, context) {
    const { host } = new URL(parsed.url);
    return weatherproof(postgresSink(openPool(parsed), parsed.schema, context), (error) => toSinkError(error, host));
  },
  async trial(scratch, target) {
    const url = await target('postgres');
    const schema = `trial_${createHash('sha256').update(scratch).digest('hex').slice(0, 16)}`;
    return {
      config: { url, schema, tls: 'off' },
      rows: (tables) => readSchema(url, schema, tables),
      close: () => dropSchema(url, schema),
    };
  },
});
