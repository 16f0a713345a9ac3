import { FatalError } from '../../services/pipeline/errors.ts';
import { type Secrets, secretsOf } from '../../services/pipeline/ports/secrets.ts';
import { SECRET_NAME } from '../../services/pipeline/secret-references.ts';

/** Memory twin of the secrets. @param known by `<owner>/<name>`, the operator's by name alone */
export const createMemorySecrets = (known: ReadonlyMap<string, string>): Secrets => ({
  async read(name, of) {
    const owner = secretsOf(of);
    const place = owner === '' ? name : `${owner}/${name}`;
    const text = SECRET_NAME.test(name) ? known.get(place) : undefined;
    if (text === undefined) throw new FatalError('no_secret', `There is no secret ${place}.`);
    return text;
  },
});
