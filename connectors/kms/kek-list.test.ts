import { inspect } from 'node:util';
import { expect, test } from '@jest/globals';
import { parseKeks } from './kek-list.ts';

const ONE = '11'.repeat(32);
const TWO = '22'.repeat(32);

test('the highest version is current, whatever the order of the lines', async () => {
  const keks = parseKeks(`# rotated in March\n10 ${TWO}\r\n\n2 ${ONE}\n`);
  expect((await keks.current()).version).toBe(10);
  expect(Buffer.from((await keks.version(2)).key).toString('hex')).toBe(ONE);
});

test('every wrong line is named together, and no key is shown', () => {
  const text = `1 ${ONE}\n1 ${TWO}\n2 ${TWO.slice(2)}\n0 ${TWO}\n3 ${TWO.toUpperCase().replaceAll('2', 'A')}\nhello`;
  expect(() => parseKeks(text)).toThrow(/line 2: version 1 stands twice.*line 3.*line 4: a version is.*line 5.*line 6/);
  try {
    parseKeks(text);
  } catch (error) {
    expect(String(error)).not.toContain('2222');
    expect(error).toMatchObject({ code: 'kek_file', retriable: false });
  }
});

test('an empty file says what to write', () => {
  expect(() => parseKeks('\n# nothing\n')).toThrow(/write a line "1 </);
});

test('a version that is not in the list is named', async () => {
  await expect(parseKeks(`1 ${ONE}`).version(4)).rejects.toThrow(/KEK 4/);
});

test('keys do not print', async () => {
  const kek = await parseKeks(`1 ${ONE}`).current();
  expect(inspect(kek, { depth: 9 })).not.toContain('17');
  expect(JSON.stringify(kek)).toBe('{"version":1,"key":"[secret]"}');
});
