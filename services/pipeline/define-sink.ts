import type { z } from 'zod';
import type { ExportRow, Sink } from './ports/sink.ts';
import type { Table } from './ports/table.ts';

/** Points inside a delivery or an erasure where a process may die or sleep; tests cut it there, or hold it up. `beating`: it says that it lives. */
export type SinkStep = 'staged' | 'written' | 'committed' | 'placed' | 'drafted' | 'rewritten' | 'beating';

/** What an export tells its sink. */
export interface SinkContext {
  /** Id of the log in whose offsets positions are counted, hex. A sink that holds positions of another log refuses to start. */
  readonly log: string;
  /** Of the export. A target that another export has claimed refuses this one; it is told apart by it where several share one. */
  readonly name: string;
  /** Private and other special addresses, or ranges of them, that a sink may call by order of whoever declares it: the operator's word. */
  readonly privateTargets?: readonly string[];
  /** Milliseconds since the epoch, where what is written must say when. */
  readonly now?: () => number;
  /** Awaited at each step. Nothing in production, a fault in tests. */
  readonly reach?: (step: SinkStep) => void | Promise<void>;
}

/** A row as a consumer of a target sees it: its table is a name there. Values that are null may be absent, in records too. */
export interface SeenRow extends Omit<ExportRow, 'table'> {
  readonly table: string;
}

/** The address of a running target of a kind, such as `postgres`: whoever tries sinks starts it when it is asked for. */
export type TargetOf = (kind: string) => Promise<string>;

/** A place to try the sink in: used by the shared contract suite, never in production. */
export interface SinkTrial {
  /** Configuration as it would stand in `DDC_EXPORT`. */
  readonly config: unknown;
  /** What the operator must have said beside it. */
  readonly context?: Pick<SinkContext, 'privateTargets'>;
  /**
   * Everything a consumer of the target sees now, of all tables.
   * @param tables the latest version of each that was put: says of which types the columns are
   */
  rows(tables: readonly Table[]): Promise<SeenRow[]>;
  /** The target has no transactions: it may show rows before the position counts them. Once it does, each is there once. */
  readonly early?: boolean;
  /** The target cannot be read back: the sink has no `held`. */
  readonly blind?: boolean;
  /** Gives back what the trial itself holds. */
  close?(): Promise<void>;
}

/**
 * What a member of a sink's configuration is to the deployment.
 * `place`: with the others of this kind it says where rows go, and one export goes there.
 * `folder`: the same, on this machine; apps and partners have folders of their own, and name no other.
 * `credential`: without it the sink would write with what this machine may; apps and partners have to say theirs.
 * `operator`: of this machine, such as a path; apps and partners do not say it.
 */
export type SinkMember = 'place' | 'folder' | 'credential' | 'operator' | 'free';

/** Of every member of a configuration. What is not named, as in a file of one's own that is not checked, is the operator's. */
export type SinkMembers<C = unknown> = Readonly<Record<string, SinkMember>> &
  Readonly<Record<keyof C & string, SinkMember>>;

/** A target of exports: one file under `connectors/sinks/`, from which registration, parsing and documentation follow. */
export interface SinkSpec<C = unknown> {
  /** As written in `DDC_EXPORT`. */
  readonly name: string;
  /** One sentence for the documentation. */
  readonly summary: string;
  /** Describes and parses the sink's part of `DDC_EXPORT`; every field has `.describe(…)`. */
  readonly config: z.ZodType<C>;
  readonly members: SinkMembers<C>;
  /** Makes no connection yet: `check()` does. */
  create(config: C, context: SinkContext): Sink;
  /** Makes a trial, in an empty scratch folder where the target is one; no other trial has that path. */
  trial(scratch: string, target: TargetOf): SinkTrial | Promise<SinkTrial>;
}

/**
 * Declares a sink.
 * @example
 * const config = z.strictObject({ folder: z.string().describe('Receives the files.') });
 * export default defineSink({ name: 'ndjson', summary: 'One JSON object per line.', config, members: { folder: 'folder' }, create, trial });
 */
export function defineSink<C>(spec: SinkSpec<C>): SinkSpec<C> {
  return spec;
}

/**
 * A field of a sink's configuration that nobody may see. A declared export holds `{"secret": "<name>"}` in its place, the name of a file in
 * `DDC_SECRETS_FOLDER`; the sink gets what the file says, a text, like any other field.
 * @example
 * config: z.strictObject({ url: secret(z.url()).describe('Where rows go, with user and password.') })
 */
export const secret = <T extends z.ZodType>(field: T): T => field.meta({ ...field.meta(), secret: true });

/** Parses the configuration with the sink's own schema and makes the sink. @throws ZodError with every problem. */
export function makeSink<C>(spec: SinkSpec<C>, config: unknown, context: SinkContext): Sink {
  return spec.create(spec.config.parse(config), context);
}
