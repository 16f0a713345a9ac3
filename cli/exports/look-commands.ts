import { Command } from 'commander';
import { mayRead } from '../../services/pipeline/exports/may-read.ts';
import { viewExports } from '../../services/pipeline/exports/view.ts';
import { publicKeyOption } from '../crypto/places.ts';
import { appOption, jsonOption } from '../options.ts';
import { foundExport, noExport, onExports } from './on-exports.ts';
import { lineOf, pageOf } from './show.ts';

interface ListOptions {
  readonly json: boolean;
  readonly app?: string;
}

const list = ({ json, app }: ListOptions): Promise<void> =>
  onExports(json, async (edges) => {
    const of = app === undefined ? undefined : await publicKeyOption(app, '--app');
    const views = await viewExports(edges.view, await edges.exports.list(of));
    return { text: views.map((view) => `${lineOf(view)}\n`).join(''), json: { exports: views } };
  });

const show = (name: string, { json }: { readonly json: boolean }): Promise<void> =>
  onExports(json, async (edges) => {
    const declared = await foundExport(edges, name);
    const [view] = await viewExports(edges.view, [declared]);
    if (!view) throw noExport(name);
    const reads = await mayRead(edges.consents, declared, edges.view.now());
    return { text: `${pageOf(view, reads)}\n`, json: { ...view, mayRead: reads } };
  });

/** `ddc exports ls` and `show`. */
export const lookCommands = (): Command[] => [
  new Command('ls')
    .description('every export, with its lag and what keeps it from delivering')
    .addOption(appOption('of this app alone'))
    .addOption(jsonOption())
    .action(list),
  new Command('show').description('everything about one').argument('<name>').addOption(jsonOption()).action(show),
];
