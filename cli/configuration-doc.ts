import { describeVariables } from '../services/pipeline/variables.ts';

/** docs/configuration.md, from the schema of the configuration. */
export function configurationDocument(): string {
  const rows = describeVariables().map(({ name, description, fallback, neededBy, orElse }) => {
    const value = fallback === '' ? '' : `\`${fallback}\``;
    return `| \`${name}\` | ${description.replaceAll('|', '\\|')} | ${value} | ${neededBy.join(', ')}${orElse ? ` (or \`${orElse}\`)` : ''} |`;
  });
  return [
    '# Configuration',
    '',
    '<!-- Made from services/pipeline/variables.ts by `npm run ddc -- docs configuration`; do not edit. -->',
    '',
    'Every process reads its environment once, at its start, and ends with a list of all problems when there are any. What it runs with is its',
    'first log line; passwords are masked there.',
    '',
    '| variable | what | default | needed by |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}
