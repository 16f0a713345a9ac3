import { UsageError } from './crypto/outcome.ts';

/** What a command has to know of the deployment, out of the environment. @throws UsageError naming all that is not set */
export function needed<N extends string>(...names: readonly N[]): Readonly<Record<N, string>> {
  const lacking = names.filter((name) => !process.env[name]);
  if (lacking.length > 0)
    throw new UsageError(
      `Set ${lacking.join(', ')}: which deployment is meant. A running stack prints them: \`ddc stack\`.`,
    );
  return Object.fromEntries(names.map((name) => [name, process.env[name]])) as Record<N, string>;
}
