import { refusalOf, TryAgain } from './transport.ts';

/**
 * The answer to a request, as it comes, in the pieces that end with a separator. What an answer that was cut off left behind its last separator is none.
 * @throws TryAgain when there is no answer, it ends in its middle, or the service says "later"; BatchRefused when it refuses
 */
export async function* streamedText(
  ask: typeof fetch,
  address: string,
  request: RequestInit,
  separator: string,
): AsyncGenerator<string> {
  const answer = await ask(address, request).catch((cause: unknown) => {
    throw new TryAgain(`no answer from ${new URL(address).origin}`, 0, { cause });
  });
  if (!answer.ok || !answer.body) throw refusalOf(answer, await answer.text().catch(() => ''));
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const reader = answer.body.getReader();
  let text = '';
  try {
    for (;;) {
      const { value, done } = await reader.read().catch((cause: unknown) => {
        throw new TryAgain('the stream was cut', 0, { cause });
      });
      if (done) return;
      text += decoder.decode(value, { stream: true });
      const pieces = text.split(separator);
      text = pieces.pop() ?? '';
      yield* pieces;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
