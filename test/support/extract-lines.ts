import type { BatchLine, CompletenessLine, EventLine, RemovalLine, UnreadableLine } from '../../protocol/index.ts';

/** One line of an extraction, unchecked. */
export interface ExtractLine {
  readonly batch?: BatchLine & UnreadableLine;
  readonly event?: EventLine & { readonly scopes: Record<string, { envelope?: string; data?: string }> };
  readonly cursor?: string;
  readonly removal?: RemovalLine;
  readonly completeness?: CompletenessLine;
  readonly end?: {
    readonly events: number;
    readonly unreadable: number;
    readonly more: boolean;
    readonly cursor: string | null;
  };
  readonly problem?: { readonly code: string };
}

/** What came, whole or cut. */
export async function extractLines(
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<{ status: number; type: string | null; lines: ExtractLine[] }> {
  const answer = await fetch(url, { headers: { ...headers } });
  const text = await answer.text();
  const lines = answer.ok
    ? text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as ExtractLine)
    : [];
  return { status: answer.status, type: answer.headers.get('content-type'), lines };
}
