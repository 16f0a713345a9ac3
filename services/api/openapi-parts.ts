import { PROTOCOL_ERRORS, type ProtocolErrorCode } from '../../protocol/index.ts';
import { protocolStatus, typeOf } from './problem-answer.ts';
import { API_PROBLEMS, type ApiProblemCode } from './problems.ts';

/** Groups of the document, in its order. */
export const TAGS: Readonly<Record<string, string>> = {
  batches: 'Signed batches of events: taken, and where they are.',
  events: 'Single events: taken, and as their readers get them.',
  wallets: 'Where wallets are, and in which apps: the IPFS DHT service (docs/dht.md).',
  apps: 'What an app may know of itself and of its wallets.',
  schemas: 'What events of a type hold: typed columns in exports (docs/schemas.md).',
  exports: 'Where events of an app go as rows, and how far that is.',
  replays:
    'What was pinned read again, into rows: an hour of a wallet, or everything into a new export (docs/replay.md).',
  blobs: 'Large data, encrypted and stored beside the events that name it.',
  'keys & grants': 'Who may read what: certificates, policies, grants, revocations, keys, and who encrypts.',
  tokens: 'Tokens that are valid no longer.',
  removals: 'Erasures and removals: asked for, how far they are, and their receipts.',
  crypto: 'Raw data in and out, for partners that keep their data themselves.',
  receipts: 'What the operator has signed.',
  positions: 'How far each stage of the pipeline is.',
  problems: 'Every refusal by its code: what it means, and what to do.',
  health: 'For whatever watches and balances the process.',
};

/** `get /v1/wallets/{wallet}/apps/{app}/grants` is `getWalletsByWalletAppsByAppGrants`: as stable as the address. */
export function operationIdOf(method: string, path: string): string {
  const words = path.split('/').flatMap((segment) => {
    const named = /^\{(\w+)\}$/.exec(segment)?.[1];
    return segment === 'v1' ? [] : named ? ['by', named] : segment.split(/[^A-Za-z0-9]/);
  });
  return method + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

interface Described {
  readonly status: number;
  readonly title: string;
  /** Of refusals of the protocol none is sent. */
  readonly advice?: string;
}

/** Status and text of any code; undefined for what is none. */
export function problemNamed(code: string): Described | undefined {
  if (Object.hasOwn(API_PROBLEMS, code)) return API_PROBLEMS[code as ApiProblemCode];
  if (!Object.hasOwn(PROTOCOL_ERRORS, code)) return undefined;
  return { status: protocolStatus(code as ProtocolErrorCode), title: PROTOCOL_ERRORS[code as ProtocolErrorCode] };
}

/** A refusal as it is sent, without what only a real one has. */
export const exampleOf = (code: string, { status, title, advice }: Described) => ({
  ...{ type: typeOf(code), title, status, code },
  ...(advice === undefined ? {} : { advice }),
});

/** The codes that a description names. */
export const codesIn = (description: string): string[] => [
  ...new Set([...description.matchAll(/`([a-z0-9_]+)`/g)].map((match) => match[1] as string)),
];

interface Answer {
  description?: string;
  content?: Readonly<Record<string, unknown>>;
  headers?: unknown;
}
export type Answers = Record<string, Answer | { readonly $ref: string }>;

const PROBLEM = 'application/problem+json';
const HEADERS: Readonly<Record<string, object>> = {
  401: { 'WWW-Authenticate': { description: 'How to bring a token.', schema: { type: 'string' } } },
  429: { 'Retry-After': { description: 'Seconds.', required: true, schema: { type: 'integer', minimum: 1 } } },
  503: { 'Retry-After': { description: 'Seconds.', schema: { type: 'integer', minimum: 1 } } },
};

/** Refusals that are described alike become one component each; operations name it. */
export function createSharedRefusals() {
  const shared: Record<string, Answer> = {};
  const names = new Map<string, string>();

  function refOf(status: string, description: string): string {
    const key = `${status} ${description}`;
    const known = names.get(key);
    if (known) return known;
    const codes = codesIn(description).filter((code) => problemNamed(code)?.status === Number(status));
    const base = `${status}-${codes.at(-1) ?? 'other'}`;
    const taken = Object.keys(shared).filter((name) => name === base || name.startsWith(`${base}-`)).length;
    const name = taken === 0 ? base : `${base}-${taken + 1}`;
    names.set(key, name);
    const examples = codes.map((code) => [code, { value: exampleOf(code, problemNamed(code) as Described) }]);
    shared[name] = {
      description,
      content: { [PROBLEM]: problemContent(Object.fromEntries(examples)) },
      ...(HEADERS[status] ? { headers: HEADERS[status] } : {}),
    };
    return name;
  }

  return {
    responses: shared,
    share(answers: Answers): void {
      for (const [status, answer] of Object.entries(answers)) {
        if ('$ref' in answer || !answer.content?.[PROBLEM]) continue;
        const only = Object.keys(answer.content).length === 1;
        if (only) answers[status] = { $ref: `#/components/responses/${refOf(status, answer.description ?? '')}` };
        else answer.content = { ...answer.content, [PROBLEM]: problemContent({}) };
      }
    },
  };
}

const problemContent = (examples: object) => ({
  schema: { $ref: '#/components/schemas/Problem' },
  ...(Object.keys(examples).length > 0 ? { examples } : {}),
});
