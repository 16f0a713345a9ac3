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
  return { ...((await answer.json()) as object), status: answer.status };
}

/** Posts all bodies, 16 at a time. @throws at the first that is not accepted */
export async function postAll(api: string, bodies: readonly Uint8Array[]): Promise<Posted[]> {
  const answers: Posted[] = new Array(bodies.length);
  let next = 0;
  const lane = async () => {
    for (let i = next++; i < bodies.length; i = next++) {
      const answer = await postBatch(api, bodies[i] as Uint8Array);
      if (answer.status !== 202) throw new Error(`batch ${i} was answered ${JSON.stringify(answer)}`);
      answers[i] = answer;
    }
  };
  await Promise.all(Array.from({ length: 16 }, lane));
  return answers;
}
