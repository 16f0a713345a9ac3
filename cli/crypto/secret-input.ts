import { openSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { ReadStream, WriteStream } from 'node:tty';
import { readText } from './input.ts';
import { UsageError } from './outcome.ts';

/** The parts of a terminal that a prompt needs. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream & { setRawMode(raw: boolean): unknown };
  readonly output: NodeJS.WritableStream;
}

const END = /[\r\n]/;

/** Asks without echo. @throws UsageError on Ctrl-C or Ctrl-D */
export async function ask({ input, output }: Terminal, question: string): Promise<string> {
  output.write(question);
  input.setRawMode(true);
  const decoder = new StringDecoder('utf8');
  const typed: string[] = [];
  try {
    for await (const chunk of input) {
      for (const letter of decoder.write(chunk as Buffer)) {
        if (END.test(letter)) return typed.join('');
        if (letter === '\u0003' || letter === '\u0004') throw new UsageError('Nothing was given.');
        if (letter === '\u007f' || letter === '\b') typed.pop();
        else typed.push(letter);
      }
    }
    throw new UsageError('The terminal was closed.');
  } finally {
    input.setRawMode(false);
    output.write('\n');
  }
}

function terminal(option: string): Terminal & { close(): void } {
  try {
    const input = new ReadStream(openSync('/dev/tty', 'r'));
    const output = new WriteStream(openSync('/dev/tty', 'w'));
    return {
      input,
      output,
      close() {
        input.destroy();
        output.destroy();
      },
    };
  } catch {
    // Whatever the reason: there is nobody to ask.
    throw new UsageError(`There is no terminal to ask at. Give ${option}.`);
  }
}

/**
 * A secret from a file, without the line end after it, or typed at the terminal where none is named. Never from an argument, which other
 * processes see.
 * @throws UsageError
 */
export async function readSecret(file: string | undefined, what: string, option: string): Promise<string> {
  if (file !== undefined) return readText(file, option).replace(/\r?\n$/, '');
  const asked = terminal(option);
  try {
    return await ask(asked, `${what}: `);
  } finally {
    asked.close();
  }
}
