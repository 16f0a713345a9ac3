import type { Random } from '../../services/pipeline/clock.ts';
import { FatalError } from '../../services/pipeline/errors.ts';
import type { Kms } from '../../services/pipeline/ports/kms.ts';
import { SecretBytes } from '../vault/secret-bytes.ts';
import { currentOf, missingKek, parseKekList } from './kek-list.ts';

/** Memory twin. @param text as in the file */
export function createMemoryKms(text: string, random: Pick<Random, 'bytes'>): Kms {
  const keks = new Map(parseKekList(text));
  return {
    current: async () => currentOf(keks),
    async version(version) {
      const kek = keks.get(version);
      if (!kek) throw missingKek(version);
      return kek;
    },
    changeable: async () => true,
    versions: async () => [...keks.keys()].sort((a, b) => a - b),
    async create() {
      const version = currentOf(keks).version + 1;
      keks.set(version, { version, key: SecretBytes.of32(random.bytes(32)) });
      return version;
    },
    async destroy(version) {
      if (version === currentOf(keks).version)
        throw new FatalError('kek_current', `KEK ${version} is the current one: rotate first.`);
      keks.delete(version);
    },
  };
}
