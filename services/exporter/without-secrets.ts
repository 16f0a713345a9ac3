import { FatalError, RetriableError } from '../pipeline/errors.ts';
import type { Sink } from '../pipeline/ports/sink.ts';
import { around } from './around.ts';

/** A text in which none of these secrets stands any more. */
export function scrubbed(text: string, secrets: readonly string[]): string {
  let clean = text;
  // A longer one first: it may hold a shorter one.
  for (const secret of [...secrets].sort((a, b) => b.length - a.length)) {
    if (secret === '') continue;
    for (const form of new Set([secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)]))
      clean = clean.replaceAll(form, '***');
  }
  return clean;
}

/** A sink whose errors name no secret: what a target's client says may hold the address, with a password, that it was given. */
export function withoutSecrets(sink: Sink, secrets: readonly string[]): Sink {
  if (secrets.length === 0) return sink;
  const says = (text: string) => secrets.some((secret) => scrubbed(text, [secret]) !== text);
  const clean = (error: unknown): unknown => {
    if (!(error instanceof Error)) return error;
    const all = [error.message, error.stack ?? '', causesOf(error)].join('\n');
    if (!says(all)) return error;
    const message = scrubbed(error.message, secrets);
    if (error instanceof RetriableError) return new RetriableError(error.code, message);
    if (error instanceof FatalError) return new FatalError(error.code, message);
    const other = Object.assign(new Error(message), { name: error.name });
    other.stack = scrubbed(error.stack ?? '', secrets);
    return other;
  };
  const guarded =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      try {
        return await call(...args);
      } catch (error) {
        throw clean(error);
      }
    };
  return around(sink, {
    check: guarded(() => sink.check()),
    put: guarded((...args: Parameters<Sink['put']>) => sink.put(...args)),
    position: guarded((partition: number) => sink.position(partition)),
    erase: guarded((owners: Parameters<Sink['erase']>[0]) => sink.erase(owners)),
    remove: guarded((selections: Parameters<Sink['remove']>[0]) => sink.remove(selections)),
    ...(sink.held ? { held: guarded(sink.held.bind(sink)) } : {}),
    close: guarded(() => sink.close()),
  });
}

/** Whatever hangs below an error, as it would be written. */
function causesOf(error: Error): string {
  const texts: string[] = [];
  for (let at: unknown = error.cause, depth = 0; at !== undefined && depth < 8; depth += 1) {
    texts.push(at instanceof Error ? `${at.message}\n${at.stack ?? ''}` : String(at));
    at = at instanceof Error ? at.cause : undefined;
  }
  return texts.join('\n');
}
