import type { SinkContext } from '../../services/pipeline/define-sink.ts';
import { FatalError } from '../../services/pipeline/errors.ts';

type Claimant = Pick<SinkContext, 'log' | 'name'>;

/**
 * What the first export that uses a target writes into it, once and at once, and reads back: who may use it from then on. Offsets mean nothing in
 * another log, and positions are kept per partition, so two exports would each take the other's deliveries for its own and lose those rows.
 */
export const claimOf = ({ log, name }: Claimant): string => `${log} ${name}`;

/**
 * Goes on only where the target is this export's: also as a replay into it, which is known by its name and counts in its log.
 * @param theirs what was read back
 * @param target such as `The export folder /x`
 * @param other what to use instead, such as `an empty folder`
 * @throws FatalError `another_log`, `another_export`
 */
export function holdClaim(theirs: string, mine: Claimant, target: string, other: string): void {
  if (theirs === claimOf(mine)) return;
  const [log = '', name = ''] = theirs.split(' ');
  if (log !== mine.log)
    throw new FatalError(
      'another_log',
      `${target} counts offsets of log ${log}, but the topics are log ${mine.log}. Use ${other}.`,
    );
  throw new FatalError(
    'another_export',
    `${target} is that of export ${name}, and this is ${mine.name}: on one target each would take the other's rows for delivered. Use ${other}.`,
  );
}
