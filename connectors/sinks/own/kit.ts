import { z } from 'zod';
import { defineSink, type SinkSpec, secret } from '../../../services/pipeline/define-sink.ts';
import { FatalError, RetriableError } from '../../../services/pipeline/errors.ts';
import { START } from '../../../services/pipeline/ports/positions.ts';
import { claimOf, holdClaim } from '../claim.ts';
import { dueOf, ownerName } from '../erased-owner.ts';
import { selectedBy } from '../folder/selected-rows.ts';
import { rowLines, seenLine } from '../json/row-line.ts';

/** What a sink of one's own is made with. It is handed over, not imported: there is one of each class, wherever the file lies. */
export const kit = {
  defineSink,
  /** Marks a field of the configuration that nobody may see. */
  secret,
  z,
  START,
  /** `sink_unavailable`: the target is down or full; it is tried again. */
  RetriableError,
  /** A wrong configuration: alarm and stop. */
  FatalError,
  /** What `check` writes into a target, unless something stands there, and then reads back: whose it is. */
  claimOf,
  /** Throws `another_log` or `another_export` where that was somebody else. */
  holdClaim,
  rowLines,
  seenLine,
  selectedBy,
  dueOf,
  ownerName,
};

export type SinkKit = typeof kit;
/** What a file named in `DDC_SINKS` exports by default. */
export type OwnSink = (kit: SinkKit) => SinkSpec;
