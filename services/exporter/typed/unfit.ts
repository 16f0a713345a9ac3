/** Reasons why an event has no row in the table of its type, as `_rejected` tells them. Stable. */
export const REJECTIONS = {
  not_json: 'the text of a scope is not JSON',
  not_an_object: 'the text of a scope is JSON, but no object',
  too_deep: 'the JSON of a scope nests too deep',
  two_values: 'two scopes have the field, with unequal values',
  wrong_scope: 'the field is in another scope than its schema says',
  required: 'the field is required, and is absent or null though every scope that could hold it was read',
  wrong_type: 'the value is of another type than the field',
  out_of_range: 'the value is beyond what the field holds',
  too_precise: 'the value has more digits than the field keeps',
  not_in_enum: 'the text is none of the symbols of the field',
  malformed: 'the text is not of the form that the field takes',
  schema_unusable: 'no registered version of the schema of this type can be used',
} as const;

export type Rejection = keyof typeof REJECTIONS;

/** A value that does not fit. */
export class Unfit extends Error {
  readonly code: Rejection;
  /** Names and indexes from the value up to the field that it is in. */
  readonly up: string[] = [];

  constructor(code: Rejection, value: unknown) {
    super(shortened(value));
    this.name = 'Unfit';
    this.code = code;
  }

  /** Called by what is around, from the inside out. */
  within(part: string): this {
    this.up.push(part);
    return this;
  }

  /** For people: where, what and why. */
  get detail(): string {
    const where = [...this.up].reverse().join('').replace(/^\./, '');
    return `${where}: ${REJECTIONS[this.code]}${this.message === '' ? '' : `: ${this.message}`}`;
  }
}

const SHOWN = 80;

/** A value as JSON, as far as people want to see it. */
function shortened(value: unknown): string {
  if (value === undefined) return '';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  const text = typeof value === 'object' && value !== null && !('text' in value) ? 'an object' : scalarText(value);
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN).toWellFormed()}…`;
}

const scalarText = (value: unknown): string => (typeof value === 'string' ? JSON.stringify(value) : String(value));
