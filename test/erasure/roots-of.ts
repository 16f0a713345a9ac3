import type { Stores } from '../../cli/census/stores.ts';
import { processHost } from '../../services/pipeline/host/main.ts';
import type { RootRef } from '../../services/pipeline/ports/vault.ts';
import { withRetry } from '../../services/pipeline/retry.ts';

const PATIENCE_MS = 60_000;

/** Asks again as every room does: an answer that took too long on a busy machine is none. */
export const rootsOf = ({ vault }: Stores, refs: readonly RootRef[]) =>
  withRetry({ ...processHost, signal: AbortSignal.timeout(PATIENCE_MS), onRetry: () => undefined }, 'roots', () =>
    vault.roots(refs),
  );
