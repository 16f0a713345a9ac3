import type { DeclaredBy } from './exports.ts';

/** Secrets that sinks need, kept outside of the deployment's own stores: tables, logs and answers hold their names only. */
export interface Secrets {
  /**
   * What stands under a name, without the line end.
   * @param of whose it is: whoever declared the export may name its own alone. `app` in hex
   * @throws FatalError `no_secret` when there is none, naming where it was looked for
   */
  read(name: string, of: { readonly by: DeclaredBy; readonly app: string }): Promise<string>;
}

/** The folder of an owner's secrets, below the operator's. */
export const secretsOf = ({ by, app }: { readonly by: DeclaredBy; readonly app: string }): string =>
  by === 'operator' ? '' : by === 'app' ? app : by.slice('wallet:'.length);
