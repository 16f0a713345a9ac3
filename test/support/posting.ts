import { setTimeout as pause } from 'node:timers/promises';

/** An answer of `POST /v1/batches`. */
export interface Posted {
  readonly status: number;
  /** Of a 202. */
  readonly batchId?: string;
  readonly partition?: number;
  readonly offset?: number;
  /** Of a refusal. */
  readonly code?: string;
  readonly line?: number;
  /** Seconds, of a refusal that is for now. */
  readonly retryAfter?: number;
}

export async function postBatch(
  api: string,
  body: Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Promise<Posted> {
  const answer = await fetch(`${api}/v1/batches`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson', ...headers },
    body: body as RequestInit['body'],
  });
  const retryAfter = answer.headers.get('retry-after');
  const said = { ...((await answer.json()) as object), status: answer.status };
  return retryAfter === null ? said : { ...said, retryAfter: Number(retryAfter) };
}

/** Posts all bodies, 16 at a time, each again while the service is overloaded. @throws at the first that is not accepted */
export async function postAll(api: string, bodies: readonly Uint8Array[]): Promise<Posted[]> {
  const answers: Posted[] = new Array(bodies.length);
  let next = 0;
  const lane = async () => {
    for (let i = next++; i < bodies.length; i = next++) {
      const body = bodies[i] as Uint8Array;
      let answer = await postBatch(api, body);
      for (; answer.code === 'overloaded'; answer = await postBatch(api, body))
        await pause((answer.retryAfter ?? 1) * 1_000);
      if (answer.status !== 202) throw new Error(`batch ${i} was answered ${JSON.stringify(answer)}`);
      answers[i] = answer;
    }
  };
  await Promise.all(Array.from({ length: 16 }, lane));
  return answers;
}
