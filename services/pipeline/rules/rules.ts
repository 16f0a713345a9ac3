/** The rules of exactly-once effects. All are on; a control in a test switches one off and must see the damage. */
export interface Rules {
  /** Start at the row and seek back to `next` when another offset arrives. */
  readonly row: boolean;
  /** Write the row after the acknowledgement, by compare-and-set. */
  readonly write: boolean;
  /** One output, record or void, for each accepted input. */
  readonly output: boolean;
  /** Skip, accept or discard by comparing origin and mark. */
  readonly read: boolean;
  /** Compare my mark with upstream's. */
  readonly check: boolean;
  /** Lower upstream's mark to mine where the check finds it ahead. */
  readonly repair: boolean;
  /** A batch id belongs to one origin. */
  readonly duplicates: boolean;
  /** A reader moves its row in the transaction of the effect. */
  readonly judgeOnce: boolean;
}

export const ALL_RULES: Rules = {
  row: true,
  write: true,
  output: true,
  read: true,
  check: true,
  repair: true,
  duplicates: true,
  judgeOnce: true,
};

/** Every rule but one. */
export const without = (rule: keyof Rules): Rules => ({ ...ALL_RULES, [rule]: false });
