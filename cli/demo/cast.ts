import { type Account, accountFromPhrase, deriveAccount } from '../../sdk/js/index.ts';

/** The phrase that every Substrate development chain knows: public, worth nothing. */
const DEVELOPMENT_PHRASE = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk';

/** The sandbox's accounts: one app, and one wallet per customer. */
export interface Cast {
  readonly app: Account;
  wallet(customer: string): Account;
}

/** Derives the sandbox's accounts; the same customer always gets the same wallet. */
export async function sandboxCast(): Promise<Cast> {
  const root = await accountFromPhrase(`${DEVELOPMENT_PHRASE}//cere-ddc`);
  const customers = deriveAccount(root, '//customer');
  const wallets = new Map<string, Account>();
  return {
    app: deriveAccount(root, '//app'),
    wallet(customer) {
      const known = wallets.get(customer);
      if (known) return known;
      const wallet = deriveAccount(customers, `//${encodeURIComponent(customer)}`);
      wallets.set(customer, wallet);
      return wallet;
    },
  };
}
