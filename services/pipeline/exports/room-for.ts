import { type DeclaredBy, type DeclaredExport, ExportRefused, MOST_EXPORTS } from '../ports/exports.ts';

/** One app declares so many over the API, and one partner attaches so many, to whichever apps. The operator may declare more for them. */
export const MOST_OF_ONE = 5;
/** All partners together: wallets cost nothing, so one who has many must not take every place. */
export const MOST_ATTACHED = 10;

type Known = Pick<DeclaredExport, 'name' | 'by' | 'app'>;

/** Why one more export is not taken; null: it is. */
export function refusalOf(known: readonly Known[], { name, by, app }: Known): ExportRefused | null {
  if (known.some((one) => one.name === name))
    return new ExportRefused('name_taken', `there is an export ${name} already`);
  if (known.length >= MOST_EXPORTS)
    return new ExportRefused('too_many_exports', `there are ${MOST_EXPORTS} exports, which is the most: remove one`);
  const ofOne = known.filter((one) => one.by === by && (by !== 'app' || Buffer.compare(one.app, app) === 0));
  if (by !== 'operator' && ofOne.length >= MOST_OF_ONE)
    return new ExportRefused(
      'too_many_of_one',
      `${by === 'app' ? 'this app has declared' : 'this partner has attached'} ${MOST_OF_ONE}, which is the most of one: remove one, or ask the operator`,
    );
  if (isPartners(by) && known.filter((one) => isPartners(one.by)).length >= MOST_ATTACHED)
    return new ExportRefused(
      'too_many_attached',
      `partners have attached ${MOST_ATTACHED} exports, which is the most of all of them together`,
    );
  return null;
}

const isPartners = (by: DeclaredBy): boolean => by.startsWith('wallet:');
