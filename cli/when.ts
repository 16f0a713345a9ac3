import { InvalidArgumentError } from 'commander';

const TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/;
/** From 1973 on: a year alone is no such time. */
const MILLIS = /^\d{12,16}$/;

/** What every option for a time takes. */
export const TIME_FORMS = 'a date (UTC), an ISO 8601 time with a zone, or milliseconds since the epoch';

/** The value of an option that is a time in milliseconds, or one of some words. @throws InvalidArgumentError, which commander shows */
export const when =
  <W extends string = never>(...words: readonly W[]) =>
  (text: string): number | W => {
    const word = words.find((one) => one === text);
    if (word !== undefined) return word;
    const time = MILLIS.test(text) ? Number(text) : TIME.test(text) ? Date.parse(text) : Number.NaN;
    if (!Number.isNaN(time)) return time;
    throw new InvalidArgumentError(`It must be ${[...words.map((one) => `\`${one}\``), TIME_FORMS].join(', ')}.`);
  };
