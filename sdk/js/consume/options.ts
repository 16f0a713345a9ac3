import type { ProtocolError } from '../../../protocol/index.ts';
import { BadOptions } from '../errors.ts';
import { type Key, keyOf } from '../network.ts';
import type { ScopeKeyOf } from '../read-event.ts';
import type { LogStart, PinnedLog } from './pinned-log.ts';

/** How `consume` reads, and how it tells. */
export interface ConsumeOptions {
  /** Where batches come from: `kafkaLog` of `sdk/js/kafka`. */
  readonly log: PinnedLog;
  /** Consumers of one group share its partitions, and go on where the group was. */
  readonly groupId: string;
  /** Public key of the application. Default: that of the connection. */
  readonly app?: Key;
  /** Which scopes are opened; events with none of them are left out. Default: every scope that the account may read. */
  readonly scopes?: readonly string[];
  /** Events of these types only. */
  readonly types?: readonly string[];
  /** Where a group begins that has kept nothing yet. Default: `beginning`; `start_trimmed` where retention has passed that, with the time since when there is something. */
  readonly from?: 'beginning' | 'now' | Date;
  /**
   * When an event counts as done: `next`, as soon as the next one is asked for, and the group is told every second; `explicit`, when `commit` is
   * called. Default: `next`.
   */
  readonly commit?: 'next' | 'explicit';
  /** Ends it, and leaves the group. */
  readonly signal?: AbortSignal;
  /** Keys of what this wallet wrote in client mode, with those of `__meta`. */
  readonly keys?: readonly ScopeKeyOf[];
  /** Told of each batch that is not what was signed: it is left out. Without it that ends the iteration. */
  readonly onRefused?: (batchId: string, error: ProtocolError) => void;
  /** Told of each own batch that was written in client mode and that `keys` do not open: it is left out. Without it that is MetaKeyMissing. */
  readonly onSealed?: (batchId: string) => void;
  /** Told what fails for now and is tried again, and what an operator should see; of each wallet that grants to another key than `pair`, once (KeyNotHeld). */
  readonly onTrouble?: (trouble: { readonly code: string; readonly message: string; readonly error?: unknown }) => void;
}

export interface CheckedOptions {
  readonly app: Uint8Array;
  readonly from: LogStart;
  readonly scopes: ReadonlySet<string> | null;
  readonly types: ReadonlySet<string> | null;
  readonly isExplicit: boolean;
}

const GROUP = /^[A-Za-z0-9._-]{1,200}$/;
/** Groups of the service's own rooms, behind any prefix. */
const OWN_GROUP = /(^|[._-])(encryptor|pinner|indexer|settler|export-[a-z0-9-]+)$/;
const SCOPE = /^[A-Za-z0-9_.-]{1,64}$/;

/** @throws BadOptions naming the first that is wrong */
export function checkedOptions(options: ConsumeOptions, app: Uint8Array, now: number): CheckedOptions {
  const { log, groupId, scopes, types, from = 'beginning', commit = 'next' } = options;
  if (typeof log?.join !== 'function')
    throw new BadOptions(
      'log_missing',
      'log: give the log to read from, such as kafkaLog({ brokers, schemaRegistry })',
    );
  if (typeof groupId !== 'string' || !GROUP.test(groupId))
    throw new BadOptions('bad_group', 'groupId: 1 to 200 letters, digits, dots, _ and -, a name of your own');
  if (OWN_GROUP.test(groupId))
    throw new BadOptions(
      'group_reserved',
      `groupId: ${groupId} is called like a room of the service; take another name`,
    );
  if (scopes !== undefined) named('scopes', 'bad_scopes', scopes, (name) => SCOPE.test(name) && name !== '__meta');
  if (types !== undefined)
    named('types', 'bad_types', types, (name) => name.length > 0 && new TextEncoder().encode(name).length <= 128);
  if (commit !== 'next' && commit !== 'explicit') throw new BadOptions('bad_commit', "commit: 'next' or 'explicit'");
  return {
    app: options.app === undefined ? app : appOf(options.app),
    from: startOf(from, now),
    scopes: scopes ? new Set(scopes) : null,
    types: types ? new Set(types) : null,
    isExplicit: commit === 'explicit',
  };
}

function named(option: string, code: string, given: unknown, isRight: (name: string) => boolean): void {
  const isList = Array.isArray(given) && given.length > 0;
  if (!isList || !given.every((name) => typeof name === 'string' && isRight(name)))
    throw new BadOptions(code, `${option}: a list of at least one name; leave it out for all that may be read`);
}

function appOf(app: Key): Uint8Array {
  try {
    return keyOf(app);
  } catch (cause) {
    throw new BadOptions('bad_app', 'app: 32 bytes, 64 characters of hex, or an SS58 address', { cause });
  }
}

function startOf(from: NonNullable<ConsumeOptions['from']>, now: number): LogStart {
  if (from === 'beginning' || from === 'now') return from;
  // Before 1970 it is no time to Kafka.
  if (from instanceof Date && from.getTime() >= 0 && from.getTime() <= now) return from.getTime();
  throw new BadOptions('bad_start', "from: 'beginning', 'now' or a Date, neither ahead nor before 1970");
}
