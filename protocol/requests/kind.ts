import type { Cbor } from '../dag-cbor.ts';
import type { Signer } from '../header.ts';
import type { Field } from './fields.ts';

/** The members of a body, each with its reader. */
export type Fields = Readonly<Record<string, Field<Cbor | undefined>>>;
type Optional<F extends Fields> = { [N in keyof F]: undefined extends ReturnType<F[N]> ? N : never }[keyof F];
/** A body as its readers give it; members that may be absent are optional. */
export type ContentOf<F extends Fields> = { -readonly [N in Exclude<keyof F, Optional<F>>]: ReturnType<F[N]> } & {
  -readonly [N in Optional<F>]?: Exclude<ReturnType<F[N]>, undefined>;
};

/** The signed members beside the body that a kind may restrict. Keys in hex. */
export interface Frame {
  app: string;
  wallet: string;
  issuedAt: number;
  signer: Signer;
}

/** Everything that sets one kind of signed request apart from the others. */
export interface Kind<F extends Fields> {
  /** One line for documentation: what happens when it is accepted. */
  summary: string;
  /** Whose key may sign. */
  signers: readonly Signer[];
  /** `fresh`: to be received within 5 minutes of `issuedAt`, and to be done once. `lasting`: valid from `issuedAt` to `expiresAt`, any number of times. */
  validity: 'fresh' | 'lasting';
  /** Members of the frame that may be 32 zero bytes; `check` says when. */
  zero?: readonly ('app' | 'wallet')[];
  fields: F;
  /** What no single member shows. @throws ProtocolError */
  check?(content: ContentOf<F>, frame: Frame): void;
}

/** Gives a kind its types. */
export const defineKind = <F extends Fields>(kind: Kind<F>): Kind<F> => kind;
