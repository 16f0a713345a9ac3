import { Command, Option } from 'commander';
import { toHex } from '../../protocol/bytes.ts';
import type { Algorithm } from '../../protocol/index.ts';
import { publicKeyOption } from '../crypto/places.ts';
import { readSecret } from '../crypto/secret-input.ts';
import { algorithmOption } from '../crypto/signing.ts';
import { jsonOption } from '../options.ts';
import { settleDeployment } from '../settle-deployment.ts';
import { attachExport } from './attach.ts';
import { type DeclaringOptions, declarationOf, declaring } from './declaring.ts';

interface AttachOptions extends DeclaringOptions {
  readonly api: string;
  readonly keyFile: string;
  readonly algorithm: Algorithm;
  readonly network: string;
  readonly json: boolean;
}

const attach = (name: string, { api, keyFile, algorithm, network, json, ...said }: AttachOptions): Promise<void> =>
  settleDeployment(json, async () => {
    const app = toHex(await publicKeyOption(said.app, '--app'));
    const declaration = declarationOf(name, said);
    const secret = await readSecret(keyFile, "The wallet's secret URI", '--key-file');
    const view = await attachExport({ url: api, network, app, secret, algorithm, declaration });
    return {
      text: `${view.name} is attached to ${view.app} by ${view.by}. The app sees it and may end it.\n`,
      json: view,
    };
  });

/** `ddc exports attach`. */
export const attachCommand = (): Command =>
  declaring(new Command('attach'))
    .description('as a partner: attach an export to an app that offers it, over its API')
    .argument('<name>', 'of the export: a–z, 0–9 and -')
    .requiredOption('--api <url>', 'address of the API')
    .requiredOption('--key-file <file>', "holds the phrase or secret URI of the partner's wallet")
    .addOption(algorithmOption())
    .addOption(new Option('--network <name>', 'of the deployment').env('DDC_NETWORK').makeOptionMandatory())
    .addOption(jsonOption())
    .action(attach);
