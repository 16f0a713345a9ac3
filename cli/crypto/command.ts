import { Command } from 'commander';
import { command as decode } from './decode.ts';
import { command as decrypt } from './decrypt.ts';
import { command as encrypt } from './encrypt.ts';
import { command as grant } from './grant.ts';
import { command as keygen } from './keygen.ts';
import { command as open } from './open.ts';
import { command as verify } from './verify.ts';

/** `ddc crypto`. */
export function command(): Command {
  const crypto = new Command('crypto')
    .description('keys, envelopes and signatures on files and pipes; needs no service')
    .addHelpText('after', '\nSecrets come from a file or a prompt.');
  for (const one of [keygen, encrypt, decrypt, grant, open, decode, verify]) crypto.addCommand(one());
  return crypto;
}
