import { FatalError } from '../../services/pipeline/errors.ts';
import type { Kms } from '../../services/pipeline/ports/kms.ts';
import { parseKekList, parseKeks } from './kek-list.ts';

/** Keys from the variable `DDC_KEK`, lines separated by commas or line ends. Whoever sets the variable rotates: it cannot be changed here. */
export function createEnvKms(text: string): Kms {
  const lines = text.replaceAll(',', '\n');
  const readOnly = () =>
    new FatalError('kms_read_only', 'The KEKs come from DDC_KEK: change the variable and restart the rooms.');
  const versions = [...parseKekList(lines).keys()].sort((a, b) => a - b);
  return {
    ...parseKeks(lines),
    changeable: async () => false,
    versions: async () => versions,
    create: async () => {
      throw readOnly();
    },
    destroy: async () => {
      throw readOnly();
    },
  };
}
