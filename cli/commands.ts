import type { Command } from 'commander';

export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** Loaded only when this command runs, so that `ddc --help` is quick. */
  load(): Promise<{ command(): Command }>;
}

/** Every command of `ddc`; one file each. */
export const COMMANDS: readonly CommandEntry[] = [
  { name: 'up', summary: 'bring up the parts and one process per room, and stay up', load: () => import('./up.ts') },
  {
    name: 'demo',
    summary: 'send events through a sandbox and count them at every store',
    load: () => import('./demo.ts'),
  },
  { name: 'stack', summary: 'bring up the parts and print their variables', load: () => import('./stack.ts') },
  { name: 'service', summary: 'run one room in this process', load: () => import('./service.ts') },
  { name: 'apps', summary: 'register and list apps, and sign tokens of them', load: () => import('./apps-command.ts') },
  {
    name: 'schemas',
    summary: 'register and show what events of an app hold',
    load: () => import('./schemas-command.ts'),
  },
  { name: 'exports', summary: 'declare, watch, pause and remove exports', load: () => import('./exports-command.ts') },
  { name: 'repair', summary: 'set stages back to what their reader has', load: () => import('./repair-command.ts') },
  { name: 'dlq', summary: 'list, retry and park dead letters', load: () => import('./dlq-command.ts') },
  { name: 'topics', summary: 'create topics and schemas, or report drift', load: () => import('./topics.ts') },
  { name: 'kek', summary: 'rotate the key-encryption key', load: () => import('./kek-command.ts') },
  { name: 'keys', summary: 'back up and restore wrapped user roots', load: () => import('./keys-command.ts') },
  { name: 'removals', summary: 'put erasures back after a restore', load: () => import('./removals-command.ts') },
  { name: 'index-dump', summary: 'print the index in key order', load: () => import('./index-dump.ts') },
  { name: 'rewind', summary: 'make readers read the log from 0', load: () => import('./rewind.ts') },
  {
    name: 'replay',
    summary: 'read what was pinned again, into a folder, a topic or a new export',
    load: () => import('./replay/command.ts'),
  },
  { name: 'docs', summary: 'write the generated documents', load: () => import('./docs.ts') },
  { name: 'pack', summary: 'make the package of protocol/', load: () => import('./pack/command.ts') },
  { name: 'bench', summary: 'measure', load: () => import('./bench.ts') },
  {
    name: 'crypto',
    summary: 'keys, envelopes and signatures on files and pipes',
    load: () => import('./crypto/command.ts'),
  },
  {
    name: 'verify',
    summary: 'check receipts and disclosures, or all events of a wallet, claim by claim',
    load: () => import('./verify/command.ts'),
  },
  { name: 'vectors', summary: 'run test vectors of the protocol', load: () => import('./vectors.ts') },
];
