/** What a caller should know about plaintext that opened, by stable code. */
export const LEGACY_WARNINGS = {
  types_lost:
    'Values were encrypted as text: whether these were strings, or numbers, booleans and null, can no longer be told. All are given as strings.',
  fixed_nonce:
    'This generation never changed its nonce: two values of one field reveal each other without any key. Treat what was stored so as readable, and encrypt it anew.',
  left_as_is: 'These values do not have the form of a ciphertext and are passed on as they are.',
  first_wins: 'A field stands in several scopes with different values; the first is taken.',
  numbers_rounded:
    'Whole numbers beyond 2^53-1 may be rounded in the document; the exact text is in the scopes, or in what was given.',
  joined: 'Not every scope holds a JSON object, so their texts are joined in the order of the document.',
} as const;

/** A stable code; its text is in `LEGACY_WARNINGS`. */
export type LegacyWarningCode = keyof typeof LEGACY_WARNINGS;

/** Something to know about plaintext that opened. */
export interface LegacyWarning {
  readonly code: LegacyWarningCode;
  /** For people; the code is for programs. */
  readonly message: string;
  /** The paths, fields or scopes concerned; empty where it is all of it. */
  readonly places: readonly string[];
}

export const warning = (code: LegacyWarningCode, places: readonly string[] = []): LegacyWarning => ({
  code,
  message: LEGACY_WARNINGS[code],
  places,
});
