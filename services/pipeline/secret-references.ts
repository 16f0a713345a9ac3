/** In a sink's configuration, where a secret belongs: the name of a file in `DDC_SECRETS_FOLDER`. */
export interface SecretReference {
  readonly secret: string;
}

/** Names of secrets: no separator, so that a name never leads out of its folder. */
export const SECRET_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/;

type Path = readonly (string | number)[];

/** An object whose one member is `secret`, a text. */
export function isSecretReference(value: unknown): value is SecretReference {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const members = Object.entries(value);
  return members.length === 1 && members[0]?.[0] === 'secret' && typeof members[0][1] === 'string';
}

/** Every reference of a configuration, and where it stands. */
export function secretsIn(config: unknown, path: Path = []): { readonly path: Path; readonly name: string }[] {
  if (isSecretReference(config)) return [{ path, name: config.secret }];
  if (typeof config !== 'object' || config === null) return [];
  return Object.entries(config).flatMap(([member, inner]) =>
    secretsIn(inner, [...path, Array.isArray(config) ? Number(member) : member]),
  );
}

/** The configuration with what `valueOf` says in the place of every reference. */
export function withSecrets(config: unknown, valueOf: (name: string) => string): unknown {
  if (isSecretReference(config)) return valueOf(config.secret);
  if (Array.isArray(config)) return config.map((inner) => withSecrets(inner, valueOf));
  if (typeof config !== 'object' || config === null) return config;
  return Object.fromEntries(Object.entries(config).map(([member, inner]) => [member, withSecrets(inner, valueOf)]));
}
