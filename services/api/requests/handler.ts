import type { z } from 'zod';
import type { Credential, KindName, VerifiedRequest } from '../../../protocol/index.ts';
import type { RequestAnswer, RequestEffects } from '../../pipeline/ports/requests.ts';
import type { Owner } from '../../pipeline/ports/vault.ts';
import type { Access } from '../access.ts';

/** One request as a handler sees it: verified, of now, of a registered app. */
export interface Asked<K extends KindName = KindName> {
  readonly request: VerifiedRequest<K>;
  readonly owner: Owner;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The app's token for writes that came with it, or null. */
  readonly appToken: Credential | null;
}

/** What one kind of signed request does. */
export interface RequestHandler<K extends KindName = KindName, P = unknown> {
  readonly kind: K;
  readonly path: string;
  /** Default: whoever signed it. */
  readonly access?: Access;
  /** Status of the answer. */
  readonly status: 200 | 201 | 202;
  readonly summary: string;
  /** What the description says beside what the kind says of itself. */
  readonly note?: string;
  readonly answer: z.ZodType;
  /** Refusals beside those that all requests share: status → codes. */
  readonly problems?: Readonly<Record<number, string>>;
  /** What needs other parts than the transaction, done before it. */
  readonly before?: (asked: Asked<K>) => Promise<P>;
  /** Once the transaction has committed, before the answer. */
  readonly after?: (asked: Asked<K>) => void;
  /** Inside the transaction; what it answers is what every repetition is answered. */
  readonly run: (asked: Asked<K>, effects: RequestEffects, prepared: P) => Promise<RequestAnswer>;
}

/** Gives a handler its types. */
export const defineHandler = <K extends KindName, P = undefined>(handler: RequestHandler<K, P>): RequestHandler =>
  handler as unknown as RequestHandler;
