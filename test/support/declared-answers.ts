import type { IncomingMessage, ServerResponse } from 'node:http';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { apiDocument } from '../../services/api/document.ts';

type Json = Record<string, unknown>;
interface Declared {
  readonly content?: Record<string, { readonly schema?: Json }>;
}
interface Place {
  readonly pattern: RegExp;
  readonly path: string;
  readonly item: Record<string, { readonly responses: Record<string, Declared & { readonly $ref?: string }> }>;
}

/** Answers of addresses that the document does not describe. */
const UNDESCRIBED = /^\/(docs|openapi\.json)(\/|\?|$)/;
const PROBLEM = 'application/problem+json';

/** Built once per process: every test's API has the same routes. */
interface Document {
  readonly paths: Record<string, Place['item']>;
  readonly components: Json;
}
let document: Document | undefined;
let places: readonly Place[] = [];
const validators = new Map<string, ValidateFunction>();
const ajv = new Ajv2020({ allErrors: false, validateFormats: false, strict: false });

function load() {
  if (document) return;
  const made = apiDocument() as unknown as Document;
  document = made;
  places = Object.entries(made.paths)
    .map(([path, item]) => ({ path, item, pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`) }))
    .sort((a, b) => a.path.split('{').length - b.path.split('{').length);
}

/** An object that says which members it has has no others, here: what an answer has and the document does not is a mistake. */
function strict(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(strict);
  if (typeof schema !== 'object' || schema === null) return schema;
  const inside = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, strict(value)]));
  const closed = 'properties' in inside && !('additionalProperties' in inside) && !('allOf' in inside);
  return closed ? { ...inside, additionalProperties: false } : inside;
}

function validatorOf(key: string, schema: Json): ValidateFunction {
  const known = validators.get(key);
  if (known) return known;
  const made = ajv.compile({ ...(strict(schema) as Json), components: strict(document?.components) });
  validators.set(key, made);
  return made;
}

/** What is wrong about an answer, as the document describes it; null where nothing is. */
export function wrongAbout(answer: {
  readonly method: string;
  readonly url: string;
  readonly status: number;
  readonly type: string;
  readonly body: Buffer;
}): string | null {
  load();
  const { method, url, status, body } = answer;
  const [type = ''] = answer.type.split(';');
  const path = url.split('?')[0] as string;
  if (UNDESCRIBED.test(path)) return null;
  const place = places.find((one) => one.pattern.test(path));
  const operation = place?.item[method === 'HEAD' && !place.item.head ? 'get' : method.toLowerCase()];
  const where = `${method} ${place?.path ?? path} ${status}`;
  // Nothing is there, or not for this method.
  if (!operation) {
    // A browser's preflight: CORS answers it everywhere alike, and it is no operation.
    if (method === 'OPTIONS' && status === 204 && body.length === 0) return null;
    if (![400, 404, 405, 414, 503].includes(status)) return `${where}: answered, and not described`;
    return method === 'HEAD' ? null : bodyWrong(`${where} ${type}`, { $ref: '#/components/schemas/Problem' }, body);
  }
  const named = operation.responses[status];
  if (!named) return `${where}: this status is not described`;
  const shared = document?.components.responses as Record<string, Declared>;
  const declared = named.$ref ? shared[named.$ref.split('/').at(-1) as string] : named;
  const content = declared?.content;
  if (!content) return body.length > 0 ? `${where}: a body, and none is described` : null;
  const described = content[type];
  if (!described) return `${where}: ${type || 'no content type'}, described are ${Object.keys(content)}`;
  if (method === 'HEAD' || !described.schema || !/json$/.test(type) || /ndjson/.test(type)) return null;
  if (type === PROBLEM)
    return bodyWrong(`${where} ${type}`, described.schema, body) ?? undescribedCode(where, declared, body);
  return bodyWrong(`${where} ${type}`, described.schema, body);
}

/** A refusal has one of the codes that its description lists. */
function undescribedCode(where: string, declared: { description?: string } & Declared, body: Buffer): string | null {
  const { code } = JSON.parse(body.toString()) as { code: string };
  const description = declared.description ?? '';
  return description.includes(`\`${code}\``) ? null : `${where}: \`${code}\` is not among ${description}`;
}

function bodyWrong(key: string, schema: Json, body: Buffer): string | null {
  const validate = validatorOf(key, schema);
  let value: unknown;
  try {
    value = JSON.parse(body.toString());
  } catch {
    return `${key}: the body is no JSON`;
  }
  if (validate(value)) return null;
  const [error] = validate.errors ?? [];
  return `${key}: ${error?.instancePath || 'the body'} ${error?.message} ${JSON.stringify(error?.params)}`;
}

/** A mistake of this file or of the document must not end the answer. */
function judged(answer: Parameters<typeof wrongAbout>[0]): string | null {
  try {
    return wrongAbout(answer);
  } catch (error) {
    return `${answer.method} ${answer.url}: ${error}`;
  }
}

/** Looks at every answer of an API on its way out. `broken` has what none of its descriptions allows. */
export function watchAnswers() {
  const broken = new Set<string>();
  const observe = (request: IncomingMessage, response: ServerResponse): void => {
    // Routers of express change it while they are asked.
    const url = request.url ?? '';
    const chunks: Buffer[] = [];
    const typeOf = () => String(response.getHeader('content-type') ?? headerOf(response));
    // Of streams and files only the head is described; a test may count what they take of memory.
    const keep = (chunk: unknown) => {
      if (!/[/+]json\b/.test(typeOf())) return;
      if (typeof chunk === 'string' || chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk as Uint8Array));
    };
    const { write, end } = response;
    Object.assign(response, {
      write(...args: Parameters<typeof write>) {
        keep(args[0]);
        return write.apply(response, args);
      },
      end(...args: Parameters<typeof end>) {
        keep(args[0]);
        const answer = { method: request.method ?? '', url, status: response.statusCode };
        const sent = {
          type: String(response.getHeader('content-type') ?? headerOf(response)),
          body: Buffer.concat(chunks),
        };
        const wrong = judged({ ...answer, ...sent });
        if (wrong) broken.add(wrong);
        return end.apply(response, args);
      },
    });
  };
  return { observe, broken };
}

/** `writeHead` sends headers that `getHeader` does not know. */
function headerOf(response: ServerResponse): string {
  const sent = (response as unknown as { _header?: string })._header ?? '';
  return /^content-type: *([^\r\n]*)/im.exec(sent)?.[1] ?? '';
}
