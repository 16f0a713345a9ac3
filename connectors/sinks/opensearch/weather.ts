import { RetriableError } from '../../../services/pipeline/errors.ts';
import { OpenSearchError } from './client.ts';

/** What the cluster or the way to it is to blame for, by status and type, and what to do then. First match counts. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [
    /^0 .*(certificate|self.signed|altname)/i,
    'Its certificate is not accepted: set `ca` to the PEM of who signed it, or see who answers there.',
  ],
  [/^0 TimeoutError/, 'It took longer than requestTimeoutMs: look what else it does, or raise that.'],
  [/^0 /, 'See that it runs and can be reached from here.'],
  [
    /cluster_block_exception/,
    'It takes no writes, mostly because its disk is nearly full: free space there, then remove the block (`index.blocks`).',
  ],
  [/no ingest nodes/, 'Give one of its nodes the role `ingest`.'],
  [/^401/, 'It does not let this user in: look at username and password.'],
  [
    /^403/,
    'Let the user of this export write and manage the indices of its prefix, ingest pipelines and index templates, and see tasks.',
  ],
  [/^413/, 'Raise its http.max_content_length.'],
  [/^429/, 'It has too much to do: give it time, or more nodes.'],
  [/index_not_found/, 'An index of the export was deleted behind it; it is made anew.'],
  [/^5/, 'Look at its health and its log.'],
];

/** Errors of the cluster and of the way to it become RetriableError `sink_unavailable`; everything else is passed through: it is a bug. */
export function toSinkError(error: unknown, where: string): unknown {
  if (!(error instanceof OpenSearchError)) return error;
  const told = `${error.status} ${error.type} ${error.message}`;
  const advice = ADVICE.find(([pattern]) => pattern.test(told))?.[1];
  if (advice === undefined) return error;
  return new RetriableError(
    'sink_unavailable',
    `OpenSearch at ${where} cannot be used for now: ${error.message}. ${advice} It is tried again until then.`,
    { cause: error },
  );
}
