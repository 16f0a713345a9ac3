import { readFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { createExportOffers } from '../connectors/postgres/export-offers.ts';
import { toHex } from '../protocol/bytes.ts';
import type { Algorithm } from '../protocol/index.ts';
import type { ErasureCheck } from '../services/exporter/verify/report.ts';
import { declareExport, judgeDeclaration } from '../services/pipeline/exports/declare.ts';
import { mayRead } from '../services/pipeline/exports/may-read.ts';
import { whatStays } from '../services/pipeline/exports/stays.ts';
import { viewExports } from '../services/pipeline/exports/view.ts';
import type { DeclaredExport, ExportState } from '../services/pipeline/ports/exports.ts';
import { accountKey } from './apps.ts';
import { readSecret } from './crypto/secret-input.ts';
import { algorithmOption } from './crypto/signing.ts';
import { attachExport } from './exports/attach.ts';
import { ddlCommand } from './exports/ddl-command.ts';
import { type ExportsEdges, withExports } from './exports/edges.ts';
import { removeExport } from './exports/remove.ts';
import { lineOf, pageOf } from './exports/show.ts';
import { wholeNumber } from './whole-number.ts';

const say = (text: string): void => void process.stdout.write(`${text}\n`);

interface AddOptions {
  readonly app: string;
  readonly scope?: readonly string[];
  readonly type?: readonly string[];
  readonly sink?: string;
  readonly config?: string;
  readonly from?: string;
  readonly schema?: string;
  readonly file?: string;
  readonly paused?: boolean;
  readonly dryRun?: boolean | number;
}

/** JSON, or `@file` with JSON in it. */
async function jsonOf(text: string, option: string): Promise<unknown> {
  const source = text.startsWith('@') ? await readFile(text.slice(1), 'utf8') : text;
  try {
    return JSON.parse(source);
  } catch (cause) {
    throw new Error(`${option} is not JSON: write it, or @file with it.`, { cause });
  }
}

/** The declaration of a file, with what is given beside it. */
async function declarationOf(name: string, { file, config, ...given }: AddOptions): Promise<unknown> {
  const base = file === undefined ? {} : await jsonOf(`@${file}`, '--file');
  if (typeof base !== 'object' || base === null || Array.isArray(base)) return base;
  const from = given.from !== undefined && /^\d+$/.test(given.from) ? Number(given.from) : given.from;
  const said = { scopes: given.scope, types: given.type, sink: given.sink, from, schema: given.schema };
  return {
    ...base,
    name,
    ...Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined)),
    ...(config === undefined ? {} : { config: await jsonOf(config, '--config') }),
  };
}

const FIRST_ROWS = 10;

async function add(name: string, options: AddOptions): Promise<void> {
  const input = await declarationOf(name, options);
  await withExports(async (edges) => {
    const declaration = await judgeDeclaration(edges.declare, toHex(accountKey(options.app)), input, 'operator');
    if (options.dryRun !== undefined) {
      const { firstRows, rowText } = await import('./exports/rows.ts');
      const limit = typeof options.dryRun === 'number' ? options.dryRun : FIRST_ROWS;
      const { rows, batches, refused } = await firstRows(edges, declaration, limit);
      for (const row of rows) say(rowText(row));
      const noted = Object.entries(refused).map(([why, n]) => `, ${n} ${why}`);
      process.stderr.write(
        `${rows.length} rows out of ${batches} batches${noted.join('')}. Nothing was declared, written or consumed.\n`,
      );
      return;
    }
    const declared = await declareExport(edges.declare, declaration, options.paused ? 'paused' : 'running');
    say(
      `${name} is declared${declared.state === 'paused' ? ', and paused' : ''}: \`ddc exports show ${name}\` tells how far it is.`,
    );
  });
}

interface AttachOptions extends AddOptions {
  readonly api: string;
  readonly keyFile: string;
  readonly algorithm: Algorithm;
  readonly network: string;
}

async function attach(name: string, { api, keyFile, algorithm, network, ...options }: AttachOptions): Promise<void> {
  const declaration = await declarationOf(name, options);
  const secret = await readSecret(keyFile, "The wallet's secret URI", '--key-file');
  const app = toHex(accountKey(options.app));
  const view = await attachExport({ url: api, network, app, secret, algorithm, declaration });
  say(`${view.name} is attached to ${view.app} by ${view.by}. The app sees it and may end it.`);
}

interface OfferOptions {
  readonly app: string;
  readonly scope: readonly string[];
  readonly type?: readonly string[];
  readonly sink: readonly string[];
  readonly partner?: readonly string[];
  readonly days: number;
}

async function offer({ app, scope, type, sink, partner, days }: OfferOptions): Promise<void> {
  await withExports(async ({ db }) => {
    await createExportOffers(db).put({
      ...{ app: accountKey(app), scopes: scope, types: type ?? null, sinks: sink },
      partners: partner?.map((one) => toHex(accountKey(one))) ?? null,
      expiresAt: Date.now() + days * 86_400_000,
    });
    say(`Partners may attach exports of ${scope.join(', ')} to ${sink.join(', ')} for ${days} days.`);
  });
}

async function found({ exports }: ExportsEdges, name: string): Promise<DeclaredExport> {
  const declared = await exports.find(name);
  if (declared) return declared;
  throw new Error(`There is no export ${name}: see \`ddc exports ls\`.`);
}

async function change(name: string, state: ExportState): Promise<void> {
  await withExports(async (edges) => {
    const changed = await edges.exports.setState((await found(edges, name)).id, state);
    if (changed?.state !== state) throw new Error(`${name} is being removed.`);
    say(`${name} is ${state}${state === 'paused' ? '; its position stays' : ''}.`);
  });
}

async function show(name: string, { json }: { readonly json?: boolean }): Promise<void> {
  await withExports(async (edges) => {
    const declared = await found(edges, name);
    const [view] = await viewExports(edges.view, [declared]);
    if (!view) return;
    const reads = await mayRead(edges.consents, declared, edges.view.now());
    say(json ? JSON.stringify({ ...view, mayRead: reads }) : pageOf(view, reads));
  });
}

async function list({ json, app }: { readonly json?: boolean; readonly app?: string }): Promise<void> {
  await withExports(async (edges) => {
    const declared = await edges.exports.list(app === undefined ? undefined : accountKey(app));
    const views = await viewExports(edges.view, declared);
    if (json) say(JSON.stringify(views));
    else for (const view of views) say(lineOf(view));
  });
}

async function remove(name: string): Promise<void> {
  await withExports(async (edges) => {
    const declared = await found(edges, name);
    const [view] = await viewExports(edges.view, [declared]);
    const gone = await removeExport(edges, declared);
    if (view) say(whatStays(view));
    if (gone) return;
    process.exitCode = 2;
    process.stderr.write(
      `${name} is ending, but a process is still in its group ${edges.groupOf(name)}: it is forgotten by \`ddc service exports\` once that has stopped, or by this command again.\n`,
    );
  });
}

interface VerifyOptions {
  readonly app?: string;
  readonly wallet?: string;
  readonly event?: readonly string[];
  readonly json?: boolean;
}

async function verify(name: string | undefined, { app, wallet, event, json }: VerifyOptions): Promise<void> {
  const { checkText, isAmiss, verifyErasures } = await import('./exports/verify-erasure.ts');
  const which = { ...(name === undefined ? {} : { name }), ...(app === undefined ? {} : { app: accountKey(app) }) };
  const asked = {
    ...(wallet === undefined ? {} : { wallet: toHex(accountKey(wallet)) }),
    ...(event === undefined ? {} : { events: event }),
  };
  await withExports(async (edges) => {
    const checks: ErasureCheck[] = [];
    for await (const check of verifyErasures(edges, which, asked)) {
      checks.push(check);
      if (!json) say(checkText(check));
    }
    if (json) say(JSON.stringify(checks));
    if (checks.some(isAmiss)) process.exitCode = 1;
  });
}

/** What a declaration says, for whoever makes one. */
const declaring = (command: Command): Command =>
  command
    .requiredOption('--app <key>', 'whose events: SS58 address or 64 hex digits')
    .option('--scope <scope...>', 'whose content, as far as wallets allow it')
    .option('--type <type...>', 'event types; all where none is given')
    .option('--sink <sink>', 'where to: docs/sinks.md')
    .option(
      '--config <json>',
      'of the sink: JSON, or @file; a secret is {"secret": "<name>"}, a file of DDC_SECRETS_FOLDER',
    )
    .option('--from <when>', '`beginning`, `now`, or a time (ISO 8601 with a zone, or milliseconds since the epoch)')
    .option(
      '--schema <mode>',
      '`typed`: columns by the schema of the type, where there is one; `text`: a text column a scope',
    )
    .option('--file <file>', 'JSON with these members; what is given beside it counts');

const json = () => new Option('--json', 'as JSON, times in milliseconds since the epoch');

/** `ddc exports`. */
export function command(): Command {
  const commands = [
    declaring(new Command('add'))
      .description('declare an export; everything that is wrong with it is told at once')
      .argument('<name>', 'of the export: a–z, 0–9 and -')
      .option('--paused', 'declared, and not begun')
      .option(
        '--dry-run [rows]',
        `show the first rows (${FIRST_ROWS}) and declare nothing; needs the keys, as an exporter`,
        wholeNumber(1),
      )
      .action(add),
    declaring(new Command('attach'))
      .description('as a partner: attach an export to an app that offers it, over its API')
      .argument('<name>', 'of the export: a–z, 0–9 and -')
      .requiredOption('--api <url>', 'address of the API')
      .requiredOption('--key-file <file>', "holds the phrase or secret URI of the partner's wallet")
      .addOption(algorithmOption())
      .addOption(new Option('--network <name>', 'of the deployment').env('DDC_NETWORK').makeOptionMandatory())
      .action(attach),
    new Command('offer')
      .description('say what partners may attach to an app; replaces what was said before')
      .requiredOption('--app <key>', 'SS58 address or 64 hex digits')
      .requiredOption('--scope <scope...>', 'what they may ask for; whether they may read it each wallet decides')
      .option('--type <type...>', 'event types; all where none is given')
      .requiredOption('--sink <sink...>', 'where to: of those that DDC_EXPORT_SINKS allows')
      .option('--partner <wallet...>', 'to these wallets alone; to whoever holds a grant where none is given')
      .option('--days <n>', 'for how long partners may attach; what is attached stays', wholeNumber(0), 30)
      .action(offer),
    new Command('ls')
      .description('every export, with its lag and what keeps it from delivering')
      .option('--app <key>', 'of this app alone')
      .addOption(json())
      .action(list),
    new Command('show').description('everything about one').argument('<name>').addOption(json()).action(show),
    new Command('pause')
      .description('stop its process; the position stays')
      .argument('<name>')
      .action((name: string) => change(name, 'paused')),
    new Command('resume')
      .description('go on where it was')
      .argument('<name>')
      .action((name: string) => change(name, 'running')),
    new Command('rm')
      .description('stop its process and forget it, its position in Kafka too; what it delivered stays')
      .argument('<name>')
      .action(remove),
    new Command('verify-erasure')
      .description(
        'read back what exports hold, and prove that what was erased and removed is not in it; 1 when something is there, is late, or cannot be read now',
      )
      .argument('[name]', 'of one export; all where none is named')
      .option('--app <key>', 'exports of this app alone: SS58 address or 64 hex digits')
      .option('--wallet <key>', 'about this wallet alone')
      .option('--event <id...>', 'about these events alone')
      .addOption(json())
      .action(verify),
    ddlCommand(),
  ];
  return commands.reduce(
    (exports, one) => exports.addCommand(one),
    new Command('exports').description('declared exports'),
  );
}
