/** A case of a file of vectors, as it is written. */
export interface VectorCase {
  id: string;
  op: string;
  valid: boolean;
  in: Record<string, unknown>;
  out?: Record<string, unknown>;
  error?: string;
}
/** What is wrong with the evaluator's answer, or undefined where the case holds; throws where it crashes. */
export function faultOf(one: VectorCase): string | undefined;
