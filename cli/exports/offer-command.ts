import { Command } from 'commander';
import { createExportOffers } from '../../connectors/postgres/export-offers.ts';
import { toHex } from '../../protocol/bytes.ts';
import { environment } from '../../services/pipeline/variables.ts';
import { publicKeyOption } from '../crypto/places.ts';
import { appOption, jsonOption, KEY_FORMS, type Scopes, scopesOf, scopesOption, typesOption } from '../options.ts';
import { wholeNumber } from '../whole-number.ts';
import { judgeOffer } from './judge-offer.ts';
import { onExports } from './on-exports.ts';

interface OfferOptions {
  readonly app: string;
  readonly scopes: Scopes;
  readonly types?: readonly string[];
  readonly sinks: readonly string[];
  readonly partners?: readonly string[];
  readonly days: number;
  readonly json: boolean;
}

const DAY_MS = 86_400_000;
const SETTINGS = environment.pick({ DDC_EXPORT_SINKS: true });

const offer = ({ json, days, sinks, types, ...said }: OfferOptions): Promise<void> =>
  onExports(json, async ({ db, declare }) => {
    const key = await publicKeyOption(said.app, '--app');
    const partners = said.partners
      ? await Promise.all(said.partners.map(async (one) => toHex(await publicKeyOption(one, '--partners'))))
      : null;
    const expiresAt = Date.now() + days * DAY_MS;
    const wish = { scopes: scopesOf(said.scopes), types: types ?? null, sinks, partners, expiresAt };
    const app = toHex(key);
    const { DDC_EXPORT_SINKS: allowed } = SETTINGS.parse(process.env);
    const judged = judgeOffer(wish, { app, isRegistered: (await declare.apps.find(key)) !== null, sinks: allowed });
    await createExportOffers(db).put({ ...judged, app: key });
    const [what, where] = [judged.scopes.join(', '), judged.sinks.join(', ')];
    return {
      text: `Partners may attach exports of ${what} to ${where} for ${days} days.\n`,
      json: { app, ...judged },
    };
  });

/** `ddc exports offer`. */
export const offerCommand = (): Command =>
  new Command('offer')
    .description('say what partners may attach to an app; replaces what was said before')
    .addOption(appOption().makeOptionMandatory())
    .addOption(
      scopesOption('what they may ask for; whether they may read it each wallet decides').makeOptionMandatory(),
    )
    .addOption(typesOption())
    .requiredOption('--sink, --sinks <sink...>', 'where to: of those that DDC_EXPORT_SINKS allows, as the API has it')
    .option(
      '--partner, --partners <wallet...>',
      `to these wallets alone (${KEY_FORMS}); to whoever holds a grant where none is given`,
    )
    .option('--days <n>', 'for how long partners may attach; what is attached stays', wholeNumber(0), 30)
    .addOption(jsonOption())
    .action(offer);
