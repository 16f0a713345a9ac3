import { createMemoryVault } from '../../connectors/vault/memory-vault.ts';
import { vaultContract } from './vault.ts';

vaultContract('memory', async (options) => {
  const twin = createMemoryVault(options);
  return {
    vault: twin,
    erase: (owner) => twin.erase(owner),
    toClient: (owner, subject) => twin.toClient(owner, subject),
    another: () => twin.reopen(),
    loads: () => twin.loads,
  };
});
