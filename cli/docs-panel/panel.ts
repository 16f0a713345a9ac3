import { isKindName, type KindName, ready, toHex } from '../../protocol/index.ts';
import { type Account, accountFromPhrase } from '../../sdk/js/index.ts';
import { OPERATIONS } from '../../services/api/auth/operations.ts';
import { sandboxCast } from '../demo/cast.ts';
import { bearerOf, completed, plainOf, type Signing } from './complete.ts';

/** Runs in the page /docs of a sandbox: signs what "Try it out" sends, with an account that everybody has. */
interface Body {
  readonly schema?: {
    readonly properties?: Record<string, { readonly const?: unknown; readonly enum?: readonly unknown[] }>;
  };
  example?: unknown;
}
interface Operation {
  readonly requestBody?: { readonly content: Record<string, Body> };
}
type Paths = Record<string, Record<string, Operation & { parameters?: { name: string; example?: unknown }[] }>>;
interface Outgoing {
  readonly url: string;
  readonly method: string;
  readonly headers: Record<string, string>;
  body?: string;
}
/** As much of a page as is used here: the types of the DOM would change those of Node everywhere. */
interface Element {
  id: string;
  textContent: string | null;
  value: string;
  size: number;
  placeholder: string;
  readonly style: { cssText: string };
  append(...those: (Element | string)[]): void;
  addEventListener(event: string, listener: () => unknown): void;
}
declare const document: {
  readonly body: { prepend(one: Element): void };
  createElement(name: string): Element;
  getElementById(id: string): Element | null;
};
declare const location: { readonly href: string };
declare const SwaggerUIBundle: (options: object) => unknown;

const NETWORK = 'cere-sandbox';
const CUSTOMERS = ['1', '2', '3', '4', '5'];
const EVENT = { type: 'PAGE_VIEW', scopes: { page: { url: '/' } } };
const PARAMETERS = ['wallet', 'app'];
/** These take a token of the app's own key or, in an open app, none. */
const WRITES = new Set(['/v1/events', '/v1/batches', '/v1/moves']);

const make = (name: string, text = ''): Element => {
  const element = document.createElement(name);
  element.textContent = text;
  return element;
};

/** The kind of signed request that an operation takes. */
function kindOf(operation: Operation | undefined): KindName | null {
  const properties = operation?.requestBody?.content['application/json']?.schema?.properties;
  const kind = properties?.kind?.const ?? properties?.kind?.enum?.[0];
  return properties?.signature && isKindName(kind) ? kind : null;
}

/** What a person types in place of what is sent. */
function plainExamples(paths: Record<string, Record<string, Operation>>): void {
  for (const [path, item] of Object.entries(paths))
    for (const operation of Object.values(item)) {
      const body = operation.requestBody?.content['application/json'];
      if (!body) continue;
      if (path === '/v1/events') body.example = EVENT;
      else if (path === '/v1/batches') body.example = { events: [EVENT] };
      else if (kindOf(operation) && body.example) body.example = plainOf(body.example);
    }
}

async function start(): Promise<void> {
  await ready();
  const cast = await sandboxCast();
  const spec = (await (await fetch('/openapi.json')).json()) as { readonly paths: Paths };
  const { paths } = spec;
  plainExamples(paths);
  // Where batches can be sent as lines or as JSON, the JSON that is completed comes first.
  const content = paths['/v1/batches']?.post?.requestBody?.content;
  if (content) delete content['application/x-ndjson'];

  const panel = document.getElementById('panel') as Element;
  const choice = make('select');
  choice.id = 'account';
  for (const one of CUSTOMERS) {
    const option = make('option', `customer ${one}`);
    option.value = one;
    choice.append(option);
  }
  const phrase = make('input');
  phrase.id = 'phrase';
  phrase.size = 60;
  phrase.placeholder = 'or a secret phrase of your own for this sandbox';
  const by = make('select');
  by.id = 'by';
  for (const one of ['wallet', 'app']) by.append(make('option', one));
  const shown = make('code');
  shown.id = 'shown';
  const line = make('p', 'Account: ');
  line.append(choice, ' ', phrase, ' Token of the ', by);
  const help = make(
    'p',
    'Type plain data, and press Execute: what has no signature is signed with this account, and a token is added. Wallet and app:',
  );
  panel.style.cssText = 'font: 14px sans-serif; margin: 1em 20px';
  panel.append(line, help, shown);

  const wallet = async (): Promise<Account> =>
    phrase.value.trim() ? accountFromPhrase(phrase.value.trim()) : cast.wallet(choice.value);
  const signing = async (): Promise<Signing> => {
    const account = await wallet();
    const asApp = by.value === 'app';
    return {
      ...{ network: NETWORK, app: cast.app.publicKey, wallet: account, now: Date.now() },
      bearer: { by: asApp ? 'app' : 'wallet', account: asApp ? cast.app : account },
      random: (length) => crypto.getRandomValues(new Uint8Array(length)),
    };
  };
  const show = async () => {
    shown.textContent = await wallet().then(
      ({ publicKey }) => `${toHex(publicKey)} ${toHex(cast.app.publicKey)}`,
      (error) => String(error),
    );
  };
  for (const input of [choice, phrase, by]) input.addEventListener('change', show);
  await show();
  for (const item of Object.values(paths))
    for (const { parameters = [] } of Object.values(item))
      for (const one of parameters)
        if (PARAMETERS.includes(one.name))
          one.example = toHex(one.name === 'app' ? cast.app.publicKey : (await wallet()).publicKey);

  async function sign(request: Outgoing): Promise<Outgoing> {
    const { pathname } = new URL(request.url, location.href);
    const asked = await signing();
    const headers = { ...request.headers };
    if (!headers.Authorization && (asked.bearer.by === 'app' || !WRITES.has(pathname)))
      headers.Authorization = bearerOf([...OPERATIONS], asked);
    if (typeof request.body !== 'string') return Object.assign(request, { headers });
    const made = completed(pathname, kindOf(paths[pathname]?.post), JSON.parse(request.body), asked);
    return Object.assign(request, { headers, body: JSON.stringify(made) });
  }

  Object.assign(globalThis, {
    ui: SwaggerUIBundle({ spec, dom_id: '#swagger-ui', requestInterceptor: sign, tryItOutEnabled: true }),
  });
}

start().catch((error) => {
  document.body.prepend(make('pre', `The page could not start: ${error}`));
});
