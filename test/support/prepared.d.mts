type Say = (part: string, state: string) => void;

export const OTHER_NODE: string;
export function prepareChromium(say?: Say): Promise<string>;
export function prepareOtherNode(say?: Say): Promise<string>;
export function prepareSchemathesis(say?: Say): Promise<{ readonly python: string; readonly folder: string }>;
export function prepareVersitygw(say?: Say): Promise<string>;
