import type { LineForm } from './line-writer.ts';

/**
 * A line, `{"<name>":<content>}`, as an event of that name with that content. A cursor is no event: it is the `id` of what came before, and
 * a comment, so that somebody hears that it goes on.
 */
function eventOf(line: string): string {
  const colon = line.indexOf(':');
  const [name, content] = [line.slice(2, colon - 1), line.slice(colon + 1, -1)];
  if (name === 'cursor') return `id: ${JSON.parse(content)}\n: here\n\n`;
  const { cursor } = name === 'end' ? (JSON.parse(content) as { cursor: string | null }) : { cursor: null };
  return `${cursor === null ? '' : `id: ${cursor}\n`}event: ${name}\ndata: ${content}\n\n`;
}

/** Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html): JSON has no line break, so each is one `data`. */
export const SERVER_SENT: LineForm = {
  head: { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
  text: (lines) =>
    lines
      .split('\n')
      .map((line) => (line === '' ? '' : eventOf(line)))
      .join(''),
};
