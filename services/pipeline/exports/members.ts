import { normalize } from 'node:path';
import type { SinkMember, SinkMembers } from '../define-sink.ts';
import type { DeclaredBy } from '../ports/exports.ts';
import { secretsOf } from '../ports/secrets.ts';
import { secretsIn } from '../secret-references.ts';

/** What the members of a sink's configuration are; null: there is no such sink. */
export type MembersOf = (sink: string) => Promise<SinkMembers | null>;

/** @returns what is not said to be anything else: the operator's */
export const memberOf = (members: SinkMembers, name: string): SinkMember =>
  (Object.hasOwn(members, name) ? members[name] : undefined) ?? 'operator';

/**
 * Where rows go, as a text to compare; null where the sink does not say. Two texts may still be one place (a host has several names): the target
 * itself refuses the second export then.
 * @param of who declares, which says whose the secrets are. `app` in hex
 */
export function placeOf(
  members: SinkMembers,
  config: Readonly<Record<string, unknown>>,
  of: { readonly by: DeclaredBy; readonly app: string },
): string | null {
  const places = Object.keys(members).filter((name) => ['place', 'folder'].includes(memberOf(members, name)));
  if (places.length === 0) return null;
  const said = places.sort().map((name) => [name, tidy(config[name], memberOf(members, name))]);
  return JSON.stringify([secretsIn(said).length > 0 ? secretsOf(of) : '', said]);
}

const tidy = (value: unknown, member: SinkMember): unknown =>
  typeof value === 'string' ? (member === 'folder' ? normalize(value) : value).replace(/\/+$/, '') : (value ?? null);
