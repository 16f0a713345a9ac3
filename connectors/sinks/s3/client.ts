import { S3Client } from '@aws-sdk/client-s3';

export interface S3Access {
  /** Null: AWS itself. */
  readonly endpoint: string | null;
  readonly region: string;
  /** Null: as every AWS tool finds them (environment, profile, role of the machine). */
  readonly keys: { readonly accessKeyId: string; readonly secretAccessKey: string } | null;
  readonly timeoutMs: number;
}

const CONNECT_MS = 5_000;
/** A call is tried so often, after pauses that grow, where the store is busy (429, 503 SlowDown), fails or is silent. */
const ATTEMPTS = 4;

export function s3Client({ endpoint, region, keys, timeoutMs }: S3Access): S3Client {
  return new S3Client({
    region,
    maxAttempts: ATTEMPTS,
    followRegionRedirects: endpoint === null,
    requestHandler: {
      connectionTimeout: Math.min(CONNECT_MS, timeoutMs),
      requestTimeout: timeoutMs,
      socketTimeout: timeoutMs,
      throwOnRequestTimeout: true,
    },
    // A copy: the SDK notes in it where it is from.
    ...(keys ? { credentials: { ...keys } } : {}),
    // Bucket names as host names need DNS that only AWS has for sure; and what is newer than the protocol's first twenty years is not asked of others.
    ...(endpoint === null
      ? {}
      : {
          endpoint,
          forcePathStyle: true,
          requestChecksumCalculation: 'WHEN_REQUIRED',
          responseChecksumValidation: 'WHEN_REQUIRED',
        }),
  });
}

/** Answers tell whole seconds. */
const REST_MS = 999;

/** @returns tells what time it was, at most, at the store when it last answered, milliseconds: objects carry times of that clock. */
export function followClock(client: S3Client): () => number {
  let last = 0;
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { headers } = result.response as { readonly headers?: Readonly<Record<string, string>> };
      last = Math.max(last, (Date.parse(headers?.date ?? '') || 0) + REST_MS);
      return result;
    },
    { step: 'deserialize', name: 'followClock', priority: 'low' },
  );
  return () => last;
}
