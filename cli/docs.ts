import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { sinkDocs } from '../connectors/sinks/docs.ts';
import { sinks } from '../connectors/sinks/index.ts';
import { root } from '../stack/root.mjs';
import { topicsDoc } from '../topics/docs.ts';
import { topics } from '../topics/index.ts';
import { writeApiDocument } from './api-doc.ts';
import { configurationDocument } from './configuration-doc.ts';
import { errorsDocument } from './errors-doc.ts';
import { openApiText } from './openapi-doc.ts';

export const command = (): Command => {
  const docs = new Command('docs').description('write the generated documents');
  docs
    .command('sinks')
    .description('write docs/sinks.md')
    .action(() => writeFile(join(root, 'docs/sinks.md'), sinkDocs(sinks)));
  docs
    .command('topics')
    .description('write docs/topics.md')
    .action(() => writeFile(join(root, 'docs/topics.md'), topicsDoc(topics)));
  docs
    .command('errors')
    .description('write docs/errors.md')
    .action(() => writeFile(join(root, 'docs/errors.md'), errorsDocument()));
  docs
    .command('openapi')
    .description('write docs/openapi.json')
    .action(async () => writeFile(join(root, 'docs/openapi.json'), await openApiText()));
  docs
    .command('configuration')
    .description('write docs/configuration.md')
    .action(() => writeFile(join(root, 'docs/configuration.md'), configurationDocument()));
  docs
    .command('api')
    .description('write docs/api/')
    .action(() => writeApiDocument(join(root, 'docs/api')));
  return docs;
};
