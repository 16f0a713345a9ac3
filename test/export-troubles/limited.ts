import { basename } from 'node:path';
import type { SinkSpec } from '../../services/pipeline/define-sink.ts';
import { startHttpProxy } from '../support/http-proxy.ts';
import { TABLE } from '../support/pinned-batches.ts';
import type { S3 } from '../support/s3.ts';
import { refusal, startS3Proxy } from '../support/s3-proxy.ts';
import type { MakeTrouble } from './trouble.ts';

/** A cluster that has no room, and says how long. */
export const limitedOpenSearch =
  (spec: SinkSpec, node: string): MakeTrouble =>
  async ({ log }, { retryAfter }) => {
    const proxy = await startHttpProxy(node);
    const trial = await spec.trial(log.scratch, async () => node);
    return {
      name: 'limited-opensearch',
      declared: { sink: spec.name, config: { ...(trial.config as object), node: proxy.url }, schema: 'text' },
      words: /OpenSearch at .* cannot be used for now: .*It has too much to do: give it time/,
      async begin() {
        proxy.fate = () => ({
          kind: 'answer',
          status: 429,
          headers: { 'retry-after': String(retryAfter) },
          body: '{"error":{"type":"rejected_execution_exception","reason":"no room"},"status":429}',
        });
      },
      async end() {
        proxy.fate = () => ({ kind: 'pass' });
      },
      rows: () => trial.rows([TABLE]),
      async close() {
        proxy.close();
        await trial.close?.();
      },
    };
  };

/** A store that asks for fewer requests. */
export const limitedS3 =
  (spec: SinkSpec, store: S3): MakeTrouble =>
  async ({ log, secret }) => {
    const proxy = await startS3Proxy(store.endpoint, store.bucket);
    const trial = await spec.trial(log.scratch, async () => store.url);
    const { accessKeyId, secretAccessKey } = store.keys;
    return {
      name: 'limited-s3',
      declared: {
        sink: spec.name,
        config: {
          ...{ target: `s3://${store.bucket}/${basename(log.scratch)}`, endpoint: proxy.endpoint, accessKeyId },
          secretAccessKey: await secret('s3', secretAccessKey),
        },
        schema: 'text',
      },
      words: /sink_unavailable: .*The store asks for fewer requests/,
      async begin() {
        proxy.fate = () => refusal(429, 'TooManyRequests');
      },
      async end() {
        proxy.fate = () => ({ kind: 'pass' });
      },
      rows: () => trial.rows([TABLE]),
      async close() {
        proxy.close();
        await trial.close?.();
      },
    };
  };
