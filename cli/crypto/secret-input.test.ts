import { PassThrough } from 'node:stream';
import { expect, test } from '@jest/globals';
import { UsageError } from './outcome.ts';
import { ask } from './secret-input.ts';

/** A terminal that someone types at, with all that it shows. */
function typing(...chunks: string[]) {
  const modes: boolean[] = [];
  const input = Object.assign(new PassThrough(), { setRawMode: (raw: boolean) => modes.push(raw) });
  const output = new PassThrough();
  for (const chunk of chunks) input.write(chunk);
  return { terminal: { input, output }, modes, shown: () => String(output.read()) };
}

test('what is typed is taken up to the line end, corrected, and never shown', async () => {
  const { terminal, modes, shown } = typing('sécré', 'x\u007ft\rrest');
  await expect(ask(terminal, 'Master: ')).resolves.toBe('sécrét');
  expect(shown()).toBe('Master: \n');
  expect(modes).toEqual([true, false]);
});

test.each(['abc\u0003', '\u0004'])('Ctrl-C and Ctrl-D give nothing, and the terminal is as it was', async (keys) => {
  const { terminal, modes } = typing(keys);
  await expect(ask(terminal, 'Master: ')).rejects.toBeInstanceOf(UsageError);
  expect(modes).toEqual([true, false]);
});

test('a character in two chunks is one character', async () => {
  const { terminal } = typing();
  const bytes = Buffer.from('ü\n');
  terminal.input.write(bytes.subarray(0, 1));
  terminal.input.write(bytes.subarray(1));
  await expect(ask(terminal, '')).resolves.toBe('ü');
});
