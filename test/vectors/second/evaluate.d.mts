/** A case of a file of vectors, as it is written. */
export interface VectorCase {
  id: string;
  op: string;
  valid: boolean;
  in: Record<string, unknown>;
  out?: Record<string, unknown>;
  error?: string;
}
/** `fault`: what is wrong with the answer, absent where the case holds; `refused`: the code of a refusal that is right. */
export function verdictOf(one: VectorCase): { fault?: string; refused?: string };
