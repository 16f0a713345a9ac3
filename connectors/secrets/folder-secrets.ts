import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FatalError } from '../../services/pipeline/errors.ts';
import { type Secrets, secretsOf } from '../../services/pipeline/ports/secrets.ts';
import { SECRET_NAME } from '../../services/pipeline/secret-references.ts';

/** Secrets as files of one folder, a folder below for each app and partner. @param folder empty: there are none */
export const createFolderSecrets = (folder: string): Secrets => ({
  async read(name, of) {
    if (folder === '')
      throw new FatalError('no_secret', `The export refers to the secret ${name}, and DDC_SECRETS_FOLDER is not set.`);
    if (!SECRET_NAME.test(name)) throw new FatalError('no_secret', `${JSON.stringify(name)} is no name of a secret.`);
    const below = join(secretsOf(of), name);
    try {
      return (await readFile(join(folder, below), 'utf8')).replace(/\r?\n$/, '');
    } catch (cause) {
      throw new FatalError(
        'no_secret',
        `The secret ${below} cannot be read in DDC_SECRETS_FOLDER: put it into a file there that this process may read.`,
        { cause },
      );
    }
  },
});
