/** An error as the SDK throws it: the store's code is its name. Where an answer had no body, there is only the status. */
interface Answer {
  readonly name?: string;
  readonly Code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** What we ask for, and the status that it comes with. */
const STATUS = {
  AccessDenied: 403,
  ConditionalRequestConflict: 409,
  MethodNotAllowed: 405,
  NoSuchKey: 404,
  NoSuchUpload: 404,
  NotImplemented: 501,
  PreconditionFailed: 412,
} as const;

/** The store's code for what it refused; a name of the SDK, or nothing, where the store said nothing. */
export function codeOf(error: unknown): string {
  const { name = '', Code } = (error ?? {}) as Answer;
  return Code ?? name;
}

export const statusOf = (error: unknown): number | undefined => ((error ?? {}) as Answer).$metadata?.httpStatusCode;

/** Whether the store answered with one of these codes. */
export function answered(error: unknown, ...codes: readonly (keyof typeof STATUS)[]): boolean {
  const code = codeOf(error);
  const unspoken = /^(|\d+|Unknown|UnknownError|NotFound)$/.test(code);
  return codes.some((one) => one === code || (unspoken && STATUS[one] === statusOf(error)));
}
