import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sinkContract } from '../../../test/contract/sink.ts';
import { sinksWith } from '../index.ts';
import { judgeSinks } from '../judge.ts';

const template = fileURLToPath(new URL('../../../examples/sink-template/my-sink.ts', import.meta.url));
const [own] = (await sinksWith([template])).slice(-1);
if (own) sinkContract(own);

describe('a sink of one’s own', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ddc-own-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function file(name: string, text: string): Promise<string> {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  }

  it('is judged by its own schema, like any other', async () => {
    const judge = judgeSinks([template]);
    expect(await judge('mine', { folder: 'rows' })).toEqual([]);
    expect(await judge('mine', { fil: 'x' })).toMatchObject([{ path: 'config.folder' }, { path: 'config.fil' }]);
  });

  it('may be plain JavaScript, and TypeScript in several files', async () => {
    await file('name.ts', "export const name: string = 'typed';");
    const body = "({ name, summary: '', config: kit.z.object({}), create() {}, trial() {} })";
    const javascript = await file('a.mjs', `const name = 'other'; export default (kit) => ${body}`);
    const typescript = await file('b.ts', `import { name } from './name.ts'; export default (kit: any) => ${body}`);
    expect((await sinksWith([javascript, typescript])).slice(-2).map(({ name }) => name)).toEqual(['other', 'typed']);
  });

  it.each([
    ['absent.ts', null, 'bad_sink_file'],
    ['broken.ts', 'export default (', 'bad_sink_file'],
    ['empty.mjs', 'export default () => ({})', 'bad_sink_file'],
    [
      'taken.mjs',
      "export default (kit) => ({ name: 'kafka', config: kit.z.object({}), create() {} })",
      'sink_name_taken',
    ],
  ])('%s is refused in words', async (name, text, code) => {
    const path = text === null ? join(folder, name) : await file(name, text);
    await expect(sinksWith([path])).rejects.toMatchObject({ code });
  });
});
