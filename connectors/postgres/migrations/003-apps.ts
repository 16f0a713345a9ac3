import type { Generated } from 'kysely';
import { defineMigration } from './define-migration.ts';

export interface AppsTable {
  app: Uint8Array;
  tier: 'free' | 'premium';
  open: boolean;
  /** Index of the prepaid pot on the chain (u16 there); assigned once. */
  pot: number;
  unpaid: Generated<boolean>;
  /** Since 140-usage. */
  origins: Generated<readonly string[]>;
}

export default defineMigration(
  '003-apps',
  `
  CREATE TABLE apps (
    app bytea PRIMARY KEY CHECK (octet_length(app) = 32),
    tier text NOT NULL CHECK (tier IN ('free', 'premium')),
    open boolean NOT NULL,
    pot integer NOT NULL UNIQUE CHECK (pot BETWEEN 0 AND 65535),
    unpaid boolean NOT NULL DEFAULT false
  );
  `,
);
