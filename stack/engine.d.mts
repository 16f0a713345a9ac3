/** Whether a Docker engine with compose answers. */
export function engineAnswers(): Promise<boolean>;
