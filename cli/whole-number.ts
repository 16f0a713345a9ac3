import { InvalidArgumentError } from 'commander';

/** The value of an option or argument that is a whole number from `least`. @throws InvalidArgumentError, which commander shows */
export const wholeNumber =
  (least: number) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`It must be a whole number from ${least}.`);
    }
    return value;
  };
