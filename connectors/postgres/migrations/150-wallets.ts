import { defineMigration } from './define-migration.ts';

/** In which apps a wallet is. */
export default defineMigration(
  '150-wallets',
  `
  CREATE INDEX subjects_of_wallet ON subjects (wallet, app);
  CREATE INDEX user_roots_of_wallet ON user_roots (wallet);
  `,
);
