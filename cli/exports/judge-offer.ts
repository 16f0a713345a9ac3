import type { z } from 'zod';
import { offer as offerShape } from '../../services/api/export-shapes.ts';
import { BadDeclaration, type DeclarationProblem } from '../../services/pipeline/exports/problem.ts';
import { readMembers } from '../../services/pipeline/exports/shape.ts';

export interface OfferBounds {
  /** Hex. */
  readonly app: string;
  readonly isRegistered: boolean;
  /** Sinks that the operator allows. */
  readonly sinks: readonly string[];
}

/**
 * An offer as the API takes it, and only of sinks to which it would let partners attach.
 * @throws BadDeclaration with everything that is wrong with it
 */
export function judgeOffer(input: unknown, { app, isRegistered, sinks }: OfferBounds): z.output<typeof offerShape> {
  const { said, problems: form } = readMembers(offerShape, input);
  const problems: DeclarationProblem[] = [...form];
  if (!isRegistered)
    problems.push({ code: 'unknown_app', path: 'app', message: `${app} is not registered: see \`ddc apps list\`` });
  const allowed =
    sinks.length === 0 ? 'none: set DDC_EXPORT_SINKS as the API has it' : `${sinks.join(', ')} (DDC_EXPORT_SINKS)`;
  for (const [i, sink] of (said.sinks ?? []).entries())
    if (!sinks.includes(sink))
      problems.push({
        code: 'sink_not_allowed',
        path: `sinks.${i}`,
        message: `nobody could attach to ${sink}: the operator allows ${allowed}`,
      });
  if (problems.length > 0) throw new BadDeclaration(problems, 'Nothing was offered');
  return said as z.output<typeof offerShape>;
}
