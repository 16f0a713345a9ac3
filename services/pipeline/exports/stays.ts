import type { ExportView } from './view.ts';

/** What removing an export does not remove. */
export const whatStays = ({
  name,
  sink,
  config,
  rows,
}: Pick<ExportView, 'name' | 'sink' | 'config' | 'rows'>): string =>
  `What ${name} has delivered stays where it is: ${rows} rows or a few more in ${sink} ${JSON.stringify(config)}. No erasure and no removal reaches them from now on: delete them there. An export that is declared again under this name and with this target goes on where it was, and applies all of them.`;
