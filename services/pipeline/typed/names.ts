import { EVENTS_TABLE } from '../ports/table.ts';

/** Text column for what a schema does not know. */
export const EXTRA_COLUMN = 'extra';

const TYPE = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/** What is wrong with the name of a type that is to have a schema, and so a table; null: nothing. */
export function typeNameProblem(type: string): string | null {
  if (!TYPE.test(type))
    return 'must be 1 to 64 of [A-Za-z0-9_.-] and begin with a letter or digit: tables, topics and indices are named like it';
  if (type.toLowerCase() === EVENTS_TABLE) return `is the name of the table of types without a schema`;
  return null;
}

/** `ddc.app.<app>.<type>` in the registry, after the prefix of the deployment's topics. */
export const subjectPrefix = (prefix: string, app: string): string => `${prefix}ddc.app.${app}.`;
export const subjectOf = (prefix: string, app: string, type: string): string => `${subjectPrefix(prefix, app)}${type}`;
