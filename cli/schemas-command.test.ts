import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { command } from './schemas-command.ts';

let folder: string;
let written: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ddc-schemas-'));
  written = '';
  for (const stream of [process.stdout, process.stderr])
    jest.spyOn(stream, 'write').mockImplementation((text: unknown, done?: unknown) => {
      written += String(text);
      if (typeof done === 'function') done();
      return true;
    });
});
afterEach(async () => {
  jest.restoreAllMocks();
  process.exitCode = undefined;
  await rm(folder, { recursive: true, force: true });
});

async function lint(type: string, ...fields: unknown[]): Promise<string> {
  const file = join(folder, 'sale.avsc');
  await writeFile(file, JSON.stringify({ type: 'record', name: 'Sale', fields }));
  await command().parseAsync(['lint', type, file], { from: 'user' });
  return written;
}

test('lint shows the columns that a schema makes', async () => {
  const price = { type: 'bytes', logicalType: 'decimal', precision: 12, scale: 2 };
  const said = await lint(
    'Sale',
    { name: 'prices', type: { type: 'array', items: price } },
    { name: 'place', type: { type: 'record', name: 'Place', fields: [{ name: 'street', type: 'string' }] } },
  );
  expect(said.split('\n')).toEqual([
    '  prices list<decimal(12,2)>',
    '  place record<street: string>',
    '  extra string',
    '',
  ]);
  expect(process.exitCode).toBeUndefined();
});

test('lint tells all that is wrong, and fails', async () => {
  const said = await lint('events', { name: 'wallet', type: 'int' }, { name: 'a', type: ['int', 'string'] });
  const codes = said.split('\n').map((line) => /\((\w+)\)$/.exec(line)?.[1] ?? line);
  expect(codes).toEqual(['type_name', 'name_taken', 'union', 'default', '']);
  const places = said.split('\n').map((line) => /^- (\w+): /.exec(line)?.[1]);
  expect(places.slice(1, 4)).toEqual(['wallet', 'a', 'a']);
  expect(process.exitCode).toBe(1);
});
