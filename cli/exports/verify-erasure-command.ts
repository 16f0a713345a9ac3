import { Command } from 'commander';
import { toHex } from '../../protocol/bytes.ts';
import type { ErasureCheck } from '../../services/exporter/verify/report.ts';
import { publicKeyOption } from '../crypto/places.ts';
import { appOption, jsonOption, KEY_FORMS } from '../options.ts';
import { onExports } from './on-exports.ts';

interface VerifyOptions {
  readonly app?: string;
  readonly wallet?: string;
  readonly events?: readonly string[];
  readonly json: boolean;
}

const verify = (name: string | undefined, { app, wallet, events, json }: VerifyOptions): Promise<void> =>
  onExports(json, async (edges) => {
    const { checkText, isAmiss, verifyErasures } = await import('./verify-erasure.ts');
    const which = {
      ...(name === undefined ? {} : { name }),
      ...(app === undefined ? {} : { app: await publicKeyOption(app, '--app') }),
    };
    const asked = {
      ...(wallet === undefined ? {} : { wallet: toHex(await publicKeyOption(wallet, '--wallet')) }),
      ...(events === undefined ? {} : { events }),
    };
    const checks: ErasureCheck[] = [];
    for await (const check of verifyErasures(edges, which, asked)) {
      checks.push(check);
      // Reading back takes long: what is known is said.
      if (!json) process.stdout.write(`${checkText(check)}\n`);
    }
    return { text: '', json: { checks }, bad: checks.some(isAmiss) };
  });

/** `ddc exports verify-erasure`. */
export const verifyErasureCommand = (): Command =>
  new Command('verify-erasure')
    .description(
      'read back what exports hold, and prove that what was erased and removed is not in it; 1 when something is there, is late, or cannot be read now',
    )
    .argument('[name]', 'of one export; all where none is named')
    .addOption(appOption('exports of this app alone'))
    .option('--wallet <key>', `about this wallet alone: ${KEY_FORMS}`)
    .option('--event, --events <id...>', 'about these events alone')
    .addOption(jsonOption())
    .action(verify);
