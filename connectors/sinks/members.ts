import type { SinkSpec } from '../../services/pipeline/define-sink.ts';
import type { MembersOf } from '../../services/pipeline/exports/members.ts';

/**
 * Says what the members of any sink's configuration are. The sinks' own libraries are loaded only once something is asked.
 * @param files of `DDC_SINKS`
 */
export function membersOfSinks(files: readonly string[]): MembersOf {
  let known: Promise<readonly SinkSpec[]> | null = null;
  return async (name) => {
    known ??= import('./index.ts').then(({ sinksWith }) => sinksWith(files));
    return (await known).find((sink) => sink.name === name)?.members ?? null;
  };
}
