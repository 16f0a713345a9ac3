type Say = (part: string, state: string) => void;

export const OTHER_NODE: string;
export function prepareChromium(say?: Say): Promise<string>;
export function prepareOtherNode(say?: Say): Promise<string>;
interface Python {
  readonly python: string;
  readonly folder: string;
}
export function prepareSchemathesis(say?: Say): Promise<Python>;
export function preparePySpark(say?: Say): Promise<Python>;
export function prepareSqlglot(say?: Say): Promise<Python>;
export function prepareVersitygw(say?: Say): Promise<string>;
