import { RetriableError } from '../../services/pipeline/errors.ts';

/** Reads of the registry's Confluent API. null: 404. @throws RetriableError `registry_unavailable` */
export type RegistryGet = <T>(path: string) => Promise<T | null>;

export function registryGet(url: string, timeoutMs: number): RegistryGet {
  return async <T>(path: string): Promise<T | null> => {
    let response: Response;
    try {
      response = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(timeoutMs) });
      if (response.ok) return (await response.json()) as T;
    } catch (error) {
      throw new RetriableError('registry_unavailable', `the schema registry does not answer ${path}`, { cause: error });
    }
    if (response.status === 404) return null;
    throw new RetriableError('registry_unavailable', `the schema registry answers ${response.status} to ${path}`);
  };
}
