import type { MayRead } from '../../services/pipeline/exports/may-read.ts';
import type { ExportView, Lag } from '../../services/pipeline/exports/view.ts';
import type { ExportTrouble } from '../../services/pipeline/ports/exports.ts';

const dateOf = (at: number): string => new Date(at).toISOString();

function lagText({ batches, seconds }: Lag): string {
  if (batches === 0) return 'none';
  return `${batches} batches, ${seconds === null ? 'longer than the log keeps them' : `${seconds} s`}`;
}

const troubleText = ({
  code,
  message,
  at,
}: Pick<ExportTrouble, 'message' | 'at'> & { readonly code: string }): string => `${dateOf(at)} ${code}: ${message}`;

/** One line of a list. */
export const lineOf = ({ name, app, sink, health, rows, lag, lastError }: ExportView): string =>
  [name, `app ${app.slice(0, 8)}…`, sink, health, `${rows} rows`, `lag ${lagText(lag)}`]
    .concat(health === 'failing' && lastError ? [troubleText(lastError)] : [])
    .join('  ');

/** Everything that is known of one. */
export function pageOf(view: ExportView, reads: MayRead): string {
  const lines: [string, string][] = [
    ['name', view.name],
    ['app', view.app],
    ['declared', `${dateOf(view.createdAt)} by ${view.by}`],
    ['types', view.types?.join(', ') ?? 'all'],
    ['scopes', view.scopes.join(', ') || 'none: events without content'],
    ['may read', readsText(reads)],
    ['sink', `${view.sink} ${JSON.stringify(view.config)}`],
    ['schema', view.schema],
    ['from', typeof view.from === 'number' ? dateOf(view.from) : view.from],
    ['state', view.state === view.health ? view.state : `${view.state}, ${view.health}`],
    [
      'process',
      view.process
        ? `${view.process.state} since ${dateOf(view.process.at)}, started ${view.process.starts}×`
        : 'no supervisor has seen it (ddc service exports)',
    ],
    ['rows', String(view.rows)],
    ['lag', lagText(view.lag)],
    ['last error', view.lastError ? troubleText(view.lastError) : 'none'],
    ...view.notes.map((note): [string, string] => ['note', `${troubleText(note)} (${note.count}× in all)`]),
    ...view.partitions.map(({ partition, position, rows, lag, at, lastError }): [string, string] => [
      `partition ${partition}`,
      `origin ${position.mark}, ${rows} rows, lag ${lagText(lag)}${at === null ? '' : `, ${dateOf(at)}`}${lastError ? `, ${lastError.code}` : ''}`,
    ]),
  ];
  return lines.map(([what, text]) => `${`${what}:`.padEnd(14)}${text}`).join('\n');
}

function readsText({ wallets, more, scopes }: MayRead): string {
  const counts = Object.entries(scopes).map(([scope, n]) => `${scope} of ${n}`);
  if (wallets === 0) return 'nothing: no wallet of this app has signed a policy or grant that counts';
  return `${counts.join(', ') || 'no content'} (of ${more ? 'the first ' : ''}${wallets} wallets that allow somebody something)`;
}
