import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, jest, test } from '@jest/globals';
import { command } from '../test/support/crypto-command.ts';

// Every command is a process; a loaded machine takes seconds for each.
jest.setTimeout(120_000);

const folder = mkdtempSync(join(tmpdir(), 'ddc-exit-codes-'));
afterAll(() => rmSync(folder, { recursive: true }));
const schema = join(folder, 'sale.avsc');
writeFileSync(
  schema,
  JSON.stringify({ type: 'record', name: 'Sale', fields: [{ name: 'a', type: ['int', 'string'] }] }),
);

test.each([
  [['exports', 'ls', '--colour', 'red'], "error: unknown option '--colour'"],
  [['exports'], 'Usage: ddc exports'],
  [['exports', 'add', 'a', '--app', '5c'.repeat(32), '--from', 'May'], 'It must be `beginning`, `now`, a date'],
  [['replay', '--rate', 'x'], 'It must be a whole number'],
  [['schemas', 'add', 'SALE', schema, '--app', 'nobody', '--json'], 'error: --app is 64 hex digits or an SS58 address'],
  [['schemas', 'lint', 'SALE', join(folder, 'none')], 'error: The file of <file> cannot be read (ENOENT).'],
])('asked wrongly is 2, and nothing is on stdout: %j', async (args, said) => {
  const { code, out, err } = await command(args);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain(said);
});

test('what was found and is bad is 1, and JSON', async () => {
  const { code, out } = await command(['schemas', 'lint', 'SALE', schema, '--json']);
  expect([code, JSON.parse(out)]).toEqual([
    1,
    {
      columns: [],
      problems: [expect.objectContaining({ code: 'union' }), expect.objectContaining({ code: 'default' })],
    },
  ]);
});
