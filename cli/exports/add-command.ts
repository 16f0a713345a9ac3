import { Command } from 'commander';
import { toHex } from '../../protocol/bytes.ts';
import { declareExport, judgeDeclaration } from '../../services/pipeline/exports/declare.ts';
import type { ExportDeclaration } from '../../services/pipeline/ports/exports.ts';
import type { Outcome } from '../crypto/outcome.ts';
import { publicKeyOption } from '../crypto/places.ts';
import { jsonOption } from '../options.ts';
import { wholeNumber } from '../whole-number.ts';
import { type DeclaringOptions, declarationOf, declaring } from './declaring.ts';
import type { ExportsEdges } from './edges.ts';
import { onExports } from './on-exports.ts';

interface AddOptions extends DeclaringOptions {
  readonly paused?: boolean;
  readonly dryRun?: boolean | number;
  readonly json: boolean;
}

const FIRST_ROWS = 10;

async function dryRun(edges: ExportsEdges, declaration: ExportDeclaration, limit: number): Promise<Outcome> {
  const { firstRows, rowText } = await import('./rows.ts');
  const { rows, batches, refused } = await firstRows(edges, declaration, limit);
  const noted = Object.entries(refused).map(([why, n]) => `, ${n} ${why}`);
  process.stderr.write(
    `${rows.length} rows out of ${batches} batches${noted.join('')}. Nothing was declared, written or consumed.\n`,
  );
  const lines = rows.map(rowText);
  return {
    text: lines.map((line) => `${line}\n`).join(''),
    json: { rows: lines.map((line): unknown => JSON.parse(line)), batches, refused },
  };
}

const add = (name: string, { paused, dryRun: wanted, json, ...said }: AddOptions): Promise<void> =>
  onExports(json, async (edges) => {
    const app = toHex(await publicKeyOption(said.app, '--app'));
    const declaration = await judgeDeclaration(edges.declare, app, declarationOf(name, said), 'operator');
    if (wanted !== undefined) return dryRun(edges, declaration, typeof wanted === 'number' ? wanted : FIRST_ROWS);
    const { state } = await declareExport(edges.declare, declaration, paused ? 'paused' : 'running');
    const isPaused = state === 'paused' ? ', and paused' : '';
    return {
      text: `${name} is declared${isPaused}: \`ddc exports show ${name}\` tells how far it is.\n`,
      json: { name, app, state },
    };
  });

/** `ddc exports add`. */
export const addCommand = (): Command =>
  declaring(new Command('add'))
    .description('declare an export; everything that is wrong with it is told at once')
    .argument('<name>', 'of the export: a–z, 0–9 and -')
    .option('--paused', 'declared, and not begun')
    .option(
      '--dry-run [rows]',
      `show the first rows (${FIRST_ROWS}) and declare nothing; needs the keys, as an exporter`,
      wholeNumber(1),
    )
    .addOption(jsonOption())
    .action(add);
