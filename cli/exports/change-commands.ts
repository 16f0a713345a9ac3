import { Command } from 'commander';
import { whatStays } from '../../services/pipeline/exports/stays.ts';
import { viewExports } from '../../services/pipeline/exports/view.ts';
import type { DeclaredExport } from '../../services/pipeline/ports/exports.ts';
import { ExportReplayed, resumeExport } from '../../services/pipeline/replays/into.ts';
import { Refusal } from '../crypto/outcome.ts';
import { jsonOption } from '../options.ts';
import type { ExportsEdges } from './edges.ts';
import { foundExport, noExport, onExports } from './on-exports.ts';
import { removeExport } from './remove.ts';

interface Options {
  readonly json: boolean;
}

/** @throws Refusal `export_replayed` */
async function resume({ exports, replays, view }: ExportsEdges, declared: DeclaredExport) {
  try {
    return await resumeExport({ exports, replays, now: view.now }, declared);
  } catch (error) {
    if (error instanceof ExportReplayed) throw new Refusal(error.code, error.message);
    throw error;
  }
}

const change =
  (state: 'paused' | 'running') =>
  (name: string, { json }: Options): Promise<void> =>
    onExports(json, async (edges) => {
      const declared = await foundExport(edges, name);
      const pause = () => edges.exports.setState(declared.id, 'paused');
      const changed = await (state === 'running' ? resume(edges, declared) : pause());
      if (changed?.state !== state) throw new Refusal('export_ending', `${name} is being removed.`);
      return {
        text: `${name} is ${state}${state === 'paused' ? '; its position stays' : ''}.\n`,
        json: { name, state },
      };
    });

const remove = (name: string, { json }: Options): Promise<void> =>
  onExports(json, async (edges) => {
    const declared = await foundExport(edges, name);
    const [view] = await viewExports(edges.view, [declared]);
    if (!view) throw noExport(name);
    const isGone = await removeExport(edges, declared);
    const stays = whatStays(view);
    const outcome = { text: `${stays}\n`, json: { name, state: isGone ? 'removed' : 'ending', stays } };
    if (isGone) return outcome;
    const warning = `${name} is ending, but a process is still in its group ${edges.groupOf(name)}, or at work on a replay into it: it is forgotten by \`ddc service exports\` once that has stopped, or by this command again.`;
    return { ...outcome, warnings: [warning], bad: true };
  });

/** `ddc exports pause`, `resume` and `rm`. */
export const changeCommands = (): Command[] => [
  new Command('pause')
    .description('stop its process; the position stays')
    .argument('<name>')
    .addOption(jsonOption())
    .action(change('paused')),
  new Command('resume')
    .description('go on where it was')
    .argument('<name>')
    .addOption(jsonOption())
    .action(change('running')),
  new Command('rm')
    .description(
      'stop its process and forget it, its position in Kafka too; what it delivered stays; 1 while its process has not stopped',
    )
    .argument('<name>')
    .addOption(jsonOption())
    .action(remove),
];
