import type { ProcessEnd } from '../../services/pipeline/ports/processes.ts';

/** Longer lines are passed on, and not looked into. */
const LONGEST = 1024 * 1024;

/** Splits what a process writes into lines, marks each as of that process, and keeps why it ends. */
export function listen(name: string, pass: (line: string) => void) {
  let rest = '';
  let words: ProcessEnd['lastWords'] = null;
  const take = (line: string): void => {
    if (line.includes('"level":"fatal"')) words = wordsOf(line) ?? words;
    pass(line.startsWith('{"') ? `{"child":${JSON.stringify(name)},${line.slice(1)}` : line);
  };
  return {
    hear(text: string): void {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > LONGEST) {
        pass(rest);
        rest = '';
      }
      for (const line of lines) take(line);
    },
    /** @returns what the last line said that ended it */
    end(): ProcessEnd['lastWords'] {
      if (rest !== '') take(rest);
      rest = '';
      return words;
    },
  };
}

function wordsOf(line: string): ProcessEnd['lastWords'] {
  let parsed: { code?: unknown; message?: unknown; error?: { code?: unknown; message?: unknown } };
  try {
    parsed = JSON.parse(line) as typeof parsed;
  } catch {
    // Not one of ours.
    return null;
  }
  const { code = parsed.code, message = parsed.message } = parsed.error ?? {};
  return { code: typeof code === 'string' ? code : 'crash', message: String(message) };
}
