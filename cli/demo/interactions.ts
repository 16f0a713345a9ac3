/** One recorded interaction, before it belongs to a wallet. */
export interface DemoEvent {
  readonly customer: string;
  readonly type: string;
  readonly time: Date;
  readonly session?: string;
  /** Scope name → the fields of that scope. */
  readonly scopes: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** A line that cannot become an event. Nothing is sent when there is one. */
export class BadLine extends Error {
  readonly code = 'bad_line';
  readonly line: number;
  constructor(line: number, what: string) {
    super(`line ${line}: ${what}`);
    this.name = 'BadLine';
    this.line = line;
  }
}

/** `examples/data/cdnow_sample.txt`: customer id, id in the sample, date, CDs, dollars; CRLF, a leading blank. */
export function parseSample(text: string): DemoEvent[] {
  return lines(text).map(({ line, number }) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(\d{4})(\d{2})(\d{2})\s+(\d+)\s+(\d+\.\d{2})\s*$/.exec(line);
    if (!match) throw new BadLine(number, 'expected customer, sample id, date (YYYYMMDD), number of CDs and dollars');
    const [, customer, sampleId, year, month, day, cds, dollars] = match as unknown as string[];
    const date = `${year}-${month}-${day}`;
    return {
      customer: customer as string,
      type: 'PURCHASE',
      time: new Date(`${date}T12:00:00.000Z`),
      session: `${customer}-${date}`,
      scopes: { purchase: { cds: Number(cds), dollars }, profile: { customer, sampleId } },
    };
  });
}

/** NDJSON, one `{"customer","type","time","session"?,"scopes":{"<scope>":{…}}}` per line. @throws BadLine naming the first bad one. */
export function parseInteractions(text: string): DemoEvent[] {
  return lines(text).map(({ line, number }) => parseLine(line, number));
}

/** A batch of one such event still fits a segment. */
const MAX_LINE_BYTES = 900_000;

const FIELDS = new Set(['customer', 'type', 'time', 'session', 'scopes']);

function parseLine(line: string, number: number): DemoEvent {
  const refuse = (what: string): never => {
    throw new BadLine(number, what);
  };
  if (Buffer.byteLength(line) > MAX_LINE_BYTES)
    refuse(`more than ${MAX_LINE_BYTES} bytes; larger data belongs in a blob`);
  const value = parseJson(line, number);
  if (!isRecord(value)) return refuse('expected a JSON object');
  const unknown = Object.keys(value).find((name) => !FIELDS.has(name));
  if (unknown !== undefined) refuse(`unknown field "${unknown}"`);
  const { customer, type, time, session, scopes } = value;
  if (!isText(customer)) return refuse('"customer" must be a text that is not empty');
  if (!isText(type) || /\p{Cc}/u.test(type)) return refuse('"type" must be a text of 1 to 128 bytes');
  if (session !== undefined && !isText(session)) return refuse('"session" must be a text of 1 to 128 bytes');
  const date = typeof time === 'string' ? new Date(time) : new Date(Number.NaN);
  if (Number.isNaN(date.getTime())) return refuse('"time" must be a date and time, such as 2026-02-03T04:05:06.000Z');
  if (!isRecord(scopes) || Object.keys(scopes).length === 0)
    return refuse('"scopes" must be an object with at least one scope');
  for (const [name, fields] of Object.entries(scopes)) {
    if (!/^[A-Za-z0-9_.-]{1,64}$/.test(name) || (name.startsWith('__') && name !== '__default_scope')) {
      refuse(`"${name}" is not a scope name`);
    }
    if (!isRecord(fields)) refuse(`scope "${name}" must be an object`);
  }
  return { customer, type, time: date, ...(session ? { session } : {}), scopes: scopes as DemoEvent['scopes'] };
}

function parseJson(line: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new BadLine(number, `not JSON (${(cause as Error).message})`);
  }
}

function lines(text: string): { line: string; number: number }[] {
  const all = text.split('\n').map((line, index) => ({ line, number: index + 1 }));
  if (all.at(-1)?.line.trim() === '') all.pop();
  return all;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value.isWellFormed() && value.length > 0 && Buffer.byteLength(value) <= 128;
