import { Option } from 'commander';

/** Options that several commands have, called alike in all of them. Of a list one may say one or several of, both names are good. */

export const KEY_FORMS = 'SS58 address or 64 hex digits';

export const appOption = (what = 'whose events'): Option => new Option('--app <key>', `${what}: ${KEY_FORMS}`);

export const typesOption = (what = 'event types; all where none is given'): Option =>
  new Option('--type, --types <type...>', what);

/** Without a scope behind it: none. */
export const scopesOption = (what: string): Option => new Option('--scope, --scopes [scope...]', what);

/** The value of `scopesOption`. */
export type Scopes = readonly string[] | true;
export const scopesOf = (given: Scopes | undefined): readonly string[] | undefined => (given === true ? [] : given);

export const jsonOption = (): Option =>
  new Option('--json', 'one line of JSON, times in milliseconds since the epoch').default(false);
