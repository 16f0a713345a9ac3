import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { sinkDocs } from '../connectors/sinks/docs.ts';
import { sinks } from '../connectors/sinks/index.ts';
import { topicsDoc } from '../topics/docs.ts';
import { topics } from '../topics/index.ts';
import { errorsDocument } from './errors-doc.ts';

export const command = (): Command => {
  const docs = new Command('docs').description('write the generated documents');
  docs
    .command('sinks')
    .description('write docs/sinks.md')
    .action(() => writeFile(new URL('../docs/sinks.md', import.meta.url), sinkDocs(sinks)));
  docs
    .command('topics')
    .description('write docs/topics.md')
    .action(() => writeFile(new URL('../docs/topics.md', import.meta.url), topicsDoc(topics)));
  docs
    .command('errors')
    .description('write docs/errors.md')
    .action(() => writeFile(new URL('../docs/errors.md', import.meta.url), errorsDocument()));
  return docs;
};
