import type { Clock, Random } from '../../services/pipeline/clock.ts';
import type { Kms } from '../../services/pipeline/ports/kms.ts';
import { createEnvKms } from './env-kms.ts';
import { createFileKms } from './file-kms.ts';

/** The key management that the configuration names: a file, or the variable itself. @param clock monotonic */
export const openKms = (
  config: { readonly kekFile: string; readonly kek: string },
  clock: Pick<Clock, 'now'>,
  random: Pick<Random, 'bytes'>,
): Kms => (config.kek === '' ? createFileKms(config.kekFile, clock, random) : createEnvKms(config.kek));
