import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SANDBOX_OPERATOR } from '../../stack/chain/genesis.ts';

/** A key-encryption key and a receipt key of this run, and the sandbox's operator, as files that only this user reads. Kept when they exist. */
export function sandboxSecrets(folder: string): {
  DDC_KEK_FILE: string;
  DDC_RECEIPT_SEED_FILE: string;
  DDC_OPERATOR_SEED_FILE: string;
} {
  const secrets = join(folder, 'secrets');
  mkdirSync(secrets, { recursive: true, mode: 0o700 });
  const write = (name: string, text: () => string): string => {
    const file = join(secrets, name);
    if (!existsSync(file)) writeFileSync(file, `${text()}\n`, { mode: 0o600 });
    return file;
  };
  return {
    DDC_KEK_FILE: write('kek', () => `1 ${randomBytes(32).toString('hex')}`),
    DDC_RECEIPT_SEED_FILE: write('receipt', () => randomBytes(32).toString('hex')),
    DDC_OPERATOR_SEED_FILE: write('operator', () => SANDBOX_OPERATOR),
  };
}
