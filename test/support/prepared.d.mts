type Say = (part: string, state: string) => void;

export const OTHER_NODE: string;
export function prepareChromium(say?: Say): Promise<string>;
export function prepareOtherNode(say?: Say): Promise<string>;
