import type { Bearer } from '../../../services/api/access.ts';
import type { Cells, Column } from './columns.ts';
import type { AuthorisationWorld } from './world.ts';

/** A call as it would be sent, without what is tested. */
export interface Call {
  readonly path: string;
  /** Sent with POST. */
  readonly body?: string | Uint8Array;
  /** Default `application/json`. */
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One who may make a call, and what becomes of it when something is wrong with them. */
export interface Way {
  readonly by: string;
  /** What the right call is answered with: its status, and whether it tells nothing. */
  readonly right: number | '200 nothing';
  /** Whether an answer tells something. Default: it does. */
  readonly tells?: (text: string) => boolean;
  readonly cells: Cells;
  /** Of a token: the same by somebody else's. */
  readonly as?: (another: Bearer) => Way;
  /** @param column null: nothing is wrong */
  readonly call: (world: AuthorisationWorld, column: Column | null) => Promise<Call>;
}

/** What a call comes to: status and code, or that nothing was told. */
export async function outcomeOf(world: AuthorisationWorld, way: Way, column: Column | null): Promise<string> {
  const { path, body, type = 'application/json', headers = {} } = await way.call(world, column);
  const sent = body === undefined ? {} : { method: 'POST', body: body as RequestInit['body'] };
  const answer = await fetch(`${world.it.url}${path}`, { ...sent, headers: { 'content-type': type, ...headers } });
  const text = await answer.text();
  if (!answer.ok) return `${answer.status} ${(JSON.parse(text) as { code: string }).code}`;
  return way.tells?.(text) === false ? `${answer.status} nothing` : String(answer.status);
}
