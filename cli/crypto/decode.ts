import { Command, Option } from 'commander';
import { fromUtf8, ProtocolError, ready, toHex } from '../../protocol/index.ts';
import {
  decodeLegacy,
  GENERATIONS,
  type Generation,
  type LegacyWarning,
  type Merge,
} from '../../protocol/legacy/index.ts';
import { readWanted } from './input.ts';
import { type Outcome, settle } from './outcome.ts';
import { readSecret } from './secret-input.ts';

interface Options {
  readonly masterFile?: string;
  readonly generation: 'auto' | Generation;
  readonly path?: string;
  readonly merge?: Merge;
  readonly json: boolean;
}

const SHOWN = 5;

function line({ code, message, places }: LegacyWarning): string {
  if (places.length === 0) return `${code}: ${message}`;
  const more = places.length > SHOWN ? ` and ${places.length - SHOWN} more` : '';
  return `${code}: ${message} (${places.slice(0, SHOWN).join(', ')}${more})`;
}

/** Plaintext as JSON text where it is text, in hex otherwise. */
function shown(plaintext: Uint8Array): { plaintext: string } | { plaintextHex: string } {
  try {
    return { plaintext: fromUtf8(plaintext) };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { plaintextHex: toHex(plaintext) };
  }
}

async function decode(options: Options): Promise<Outcome> {
  const master = await readSecret(options.masterFile, 'Master', '--master-file');
  await ready();
  const opened = decodeLegacy({
    data: await readWanted(),
    master,
    generation: options.generation === 'auto' ? undefined : options.generation,
    path: options.path,
    merge: options.merge,
  });
  const { generation, form, plaintext, scopes, warnings } = opened;
  return {
    text: plaintext,
    json: {
      generation,
      master: opened.master,
      form,
      ...shown(plaintext),
      ...(scopes ? { scopes: [...scopes.keys()] } : {}),
      warnings,
    },
    warnings: warnings.map(line),
  };
}

/** `ddc crypto decode`. */
export const command = (): Command =>
  new Command('decode')
    .description('decrypt what one of the four generations before v1 encrypted; stdin: a document or one ciphertext')
    .option('--master-file <file>', 'holds the master, as text or in hex (default: asks)')
    .addOption(
      new Option('--generation <name>', 'which of them; the tag decides when it is not named')
        .choices(['auto', ...GENERATIONS])
        .default('auto'),
    )
    .option('--path <path>', 'G1: one scope; G2 to G4: a path such as $.k3.k5[0] or $.k3..*')
    .addOption(new Option('--merge <way>', 'G1: fields in several scopes').choices(['first', 'deep']))
    .option('--json', 'one line of JSON, with the generation', false)
    .action((options: Options) => settle(options.json, () => decode(options)));
