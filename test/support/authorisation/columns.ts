/** What may be wrong with a call that is right in everything else. */
export const COLUMNS = [
  'no token',
  'another wallet',
  'another app',
  'expired',
  'another audience',
  'its id used again with other bytes',
  'revoked',
  'delegated too far',
  'delegated, used without its key',
  'another operation',
] as const;
export type Column = (typeof COLUMNS)[number];

/** Why a column says nothing about a route. */
export interface NotApplicable {
  readonly because: string;
}
export const na = (because: string): NotApplicable => ({ because });

/** Status and code of the refusal, or `200 nothing`: answered, and nothing is told. */
export type Cell = string | NotApplicable;
export type Cells = Readonly<Record<Column, Cell>>;

const NO_REQUEST = na('a token is used as often as its holder likes; its id matters to a revocation only');

/** A token that has to be there. */
export const TOKEN: Cells = {
  'no token': '401 unauthorized',
  'another wallet': '403 forbidden',
  'another app': '403 forbidden',
  expired: '401 unauthorized',
  'another audience': '403 forbidden',
  'its id used again with other bytes': NO_REQUEST,
  revoked: '401 token_revoked',
  'delegated too far': '403 token_delegated',
  'delegated, used without its key': '403 token_delegated',
  'another operation': '403 forbidden',
};

/** The token of an app that is not open, with what its wallet has signed. */
export const APP_TOKEN: Cells = { ...TOKEN, 'no token': '403 app_closed' };

/** For everybody who is not named, an answer as if there were nothing. */
export const NOTHING_FOR_OTHERS = { 'another wallet': '200 nothing' } as const;

const OWN_KEY = na('whoever has the key signs by itself: a signed request delegates to nobody');
const ONCE = na('it counts once, within five minutes, and its id makes it the same request ever after');

/** A body that its author signs. */
export const SIGNED: Cells = {
  'no token': '422 signature',
  'another wallet': '422 signature',
  'another app': '422 author',
  expired: '422 request_stale',
  'another audience': '422 network',
  'its id used again with other bytes': '409 request_clash',
  revoked: ONCE,
  'delegated too far': OWN_KEY,
  'delegated, used without its key': OWN_KEY,
  'another operation': '422 kind',
};

/** A signed batch in an app that is open. */
export const BATCH: Cells = {
  ...SIGNED,
  'another app': '422 signature',
  expired: '422 stale',
  'its id used again with other bytes': na(
    'the id of a batch is the hash of what was signed: other bytes are another batch',
  ),
  revoked: na('a batch is what happened: the wallet removes or erases it'),
  'another operation': na('the header is signed as that of a batch, and nothing else is'),
};

/** What everybody may know. */
export const PUBLIC = Object.fromEntries(
  COLUMNS.map((column) => [column, na('public: who asks is not looked at')]),
) as unknown as Cells;
