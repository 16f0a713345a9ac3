import { KINDS, type KindName } from '../../../protocol/index.ts';
import { answerJson } from '../answer.ts';
import type { Auth } from '../auth/bearer.ts';
import { rememberSigner } from '../guard/signers.ts';
import type { createAcceptRequest } from '../requests/accept-request.ts';
import type { RequestHandler } from '../requests/handler.ts';
import { jsonBody, ok, problem, type Route } from '../route.ts';
import { REQUEST_CODES, signedRequest } from '../shapes.ts';
import type { Telemetry } from '../telemetry.ts';

export interface RequestRoutesDeps {
  readonly handlers: readonly RequestHandler[];
  readonly accept: ReturnType<typeof createAcceptRequest>;
  readonly auth: Pick<Auth, 'appToken'>;
  readonly telemetry: Pick<Telemetry, 'answered'>;
}

const TAGS: Partial<Record<KindName, string>> = {
  erase: 'removals',
  reopen: 'removals',
  remove: 'removals',
  associate: 'wallets',
  disown: 'tokens',
};

const SHARED: Readonly<Record<number, string>> = {
  403: '`unknown_app`',
  409: '`request_clash`, `older_than_erasure`',
  400: '`utf8`, `proto`',
  422: REQUEST_CODES,
};

/** One route per kind of signed request. */
export const requestRoutes = ({ handlers, accept, telemetry, auth }: RequestRoutesDeps): Route[] =>
  handlers.map((handler) => ({
    access: handler.access ?? { kind: 'signed' },
    doc: {
      method: 'post',
      path: handler.path,
      tags: [TAGS[handler.kind] ?? 'keys & grants'],
      summary: handler.summary,
      description: `${KINDS[handler.kind].summary} The body is a signed request of kind \`${handler.kind}\`, within five minutes of \`issuedAt\`. Idempotent by id: the same request again is answered as the first time.${handler.note === undefined ? '' : ` ${handler.note}`}`,
      request: jsonBody(signedRequest(handler.kind)),
      responses: {
        [handler.status]: ok('Accepted, now or before.', handler.answer),
        ...problems(handler),
      },
    },
    async handle(request, response) {
      answerJson(
        response,
        handler.status,
        await accept(
          handler,
          request.body,
          handler.access?.kind === 'write' ? auth.appToken(request, 'authorization') : null,
          (verified) => rememberSigner(request, verified),
        ),
      );
      telemetry.answered(handler.kind, handler.status);
    },
  }));

function problems({ problems: own = {} }: RequestHandler) {
  const statuses = new Set([...Object.keys(SHARED), ...Object.keys(own)].map(Number));
  return Object.fromEntries(
    [...statuses].map((status) => [
      status,
      problem([SHARED[status], own[status]].filter((text) => text !== undefined).join('; ')),
    ]),
  );
}
