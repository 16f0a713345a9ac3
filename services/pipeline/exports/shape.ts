import { z } from 'zod';
import type { DeclarationProblem } from './problem.ts';

const SCOPE = /^[A-Za-z0-9_.-]{1,64}$/;
/** As `isLabel` of the protocol takes them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused.
const LABEL = /^[^\u0000-\u001f\u007f-\u009f]{1,128}$/;

const distinct = (list: readonly string[]) => new Set(list).size === list.length;
const TWICE = 'names something twice';

const ISO_OR_MS = 'ISO 8601 with a zone, or milliseconds since the epoch';
/** A time as it may be said, in milliseconds: as far as a Date goes, and never before 1970, where to Kafka a number is no time. */
const momentOptions = [
  z.int().min(0).max(8_640_000_000_000_000),
  z.iso
    .datetime({ offset: true })
    .transform((text) => Date.parse(text))
    .refine((ms) => ms >= 0, 'lies before 1970'),
] as const;
export const moment = z.union(momentOptions, `must be a time: ${ISO_OR_MS}`);

/** What is declared. The app is named beside it, as hex. */
export const declarationShape = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be 1–63 of a–z, 0–9 and -, and not begin with -')
    .describe('Of the export, in the whole deployment: also of its consumer group, `export-<name>`.'),
  types: z
    .array(z.string().regex(LABEL, 'must be 1–128 characters, none of them control characters'))
    .min(1, 'must name a type, or be left out for all')
    .max(100)
    .refine(distinct, TWICE)
    .nullish()
    .describe('Event types; all when left out.'),
  scopes: z
    .array(
      z
        .string()
        .regex(SCOPE, 'must be 1–64 letters, digits, _, . and -')
        .refine(
          (name) => !name.startsWith('__') || name === '__default_scope',
          'is reserved: `__default_scope` is the only such name',
        ),
    )
    .max(64)
    .refine(distinct, TWICE)
    .describe('Whose content is exported, as far as wallets allow it. Empty: every event, without content.'),
  sink: z.string().min(1).max(64).describe('Name of the sink: docs/sinks.md lists them.'),
  config: z
    .record(z.string().max(128), z.unknown())
    .default({})
    .describe('The sink\'s configuration; a secret is `{"secret": "<name>"}`, the name of a file of the operator\'s.'),
  from: z
    .union([z.enum(['beginning', 'now']), ...momentOptions], `must be \`beginning\`, \`now\`, or a time: ${ISO_OR_MS}`)
    .default('beginning')
    .describe('What is exported first: what was accepted at this time, as the log says.'),
  schema: z
    .enum(['typed', 'text'])
    .default('typed')
    .describe('`typed`: columns by the schema of the event type, where it has one. `text`: one text column a scope.'),
});
export type DeclarationInput = z.output<typeof declarationShape>;

/** What a declaration says, member by member, and everything that is wrong with its form. */
export const readDeclaration = (input: unknown) => readMembers(declarationShape, input);

/** The same of anything that is declared: an object whose members are judged each by itself. */
export function readMembers<S extends z.ZodObject>(
  { shape: members }: S,
  input: unknown,
): { readonly said: Partial<z.output<S>>; readonly problems: readonly DeclarationProblem[] } {
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    return { said: {}, problems: [{ code: 'invalid', path: '', message: 'a declaration is a JSON object' }] };
  const problems: DeclarationProblem[] = Object.keys(input)
    .filter((member) => !Object.hasOwn(members, member))
    .map((member) => ({
      code: 'unknown_member',
      path: member,
      message: `there is no member ${JSON.stringify(member)}`,
    }));
  const said: Record<string, unknown> = {};
  for (const [member, shape] of Object.entries(members as Record<string, z.ZodType>)) {
    const value = Object.hasOwn(input, member) ? (input as Record<string, unknown>)[member] : undefined;
    const parsed = shape.safeParse(value);
    if (parsed.success) said[member] = parsed.data;
    else if (value === undefined) problems.push({ code: 'missing', path: member, message: 'has to be there' });
    else {
      for (const { path, message } of parsed.error.issues)
        problems.push({ code: 'invalid', path: [member, ...path].join('.'), message });
    }
  }
  return { said: said as Partial<z.output<S>>, problems };
}
