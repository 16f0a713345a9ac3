import { createMemoryConsents } from '../../connectors/vault/memory-consents.ts';
import { createMemoryRequests } from '../../connectors/vault/memory-requests.ts';
import { createMemoryVault } from '../../connectors/vault/memory-vault.ts';
import { vaultContract } from './vault.ts';

vaultContract('memory', async (options) => {
  const twin = createMemoryVault(options);
  return {
    vault: twin,
    requests: createMemoryRequests(twin.tables, options.keks, options.random),
    consents: createMemoryConsents(twin.tables),
    erase: (owner) => twin.erase(owner),
    toClient: (owner, subject) => twin.toClient(owner, subject),
    another: () => twin.reopen(),
    loads: () => twin.loads,
  };
});
