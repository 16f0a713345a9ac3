interface ProblemKind {
  readonly status: number;
  /** What was wrong. */
  readonly title: string;
  /** What to do about it. */
  readonly advice: string;
}

/** Every refusal of the API beside those of the protocol, by its stable code. */
export const API_PROBLEMS = {
  // the request
  bad_request: {
    status: 400,
    title: 'The bytes are not an HTTP request that can be read.',
    advice: 'Send a well-formed HTTP/1.1 request.',
  },
  content_encoding: {
    status: 400,
    title: 'The body does not decode as its Content-Encoding says.',
    advice: 'Send it whole, and encoded as declared.',
  },
  malformed_json: {
    status: 400,
    title: 'The body is not JSON.',
    advice: 'Send one JSON value in UTF-8.',
  },
  too_deep: {
    status: 400,
    title: 'The JSON nests deeper than 8.',
    advice: 'Send the body that /openapi.json describes: none of this API nests deeper.',
  },
  invalid: {
    status: 400,
    title: 'The request does not have the described shape.',
    advice: 'Compare it with /openapi.json: `detail` names the member that is wrong.',
  },
  request_timeout: {
    status: 408,
    title: 'The request did not arrive in time: its headers within 10 s, the whole within 30 s.',
    advice: 'Send the same bytes again, on a better connection or in smaller parts.',
  },
  not_found: {
    status: 404,
    title: 'There is nothing at this address.',
    advice: 'Compare it with those that are listed at /docs.',
  },
  method_not_allowed: {
    status: 405,
    title: 'This address does not take this method.',
    advice: 'Use one that the header Allow names.',
  },
  payload_too_large: {
    status: 413,
    title: 'The body is larger than this address takes.',
    advice: 'Send less at once.',
  },
  uri_too_long: {
    status: 414,
    title: 'The URL is longer than 2,048 characters.',
    advice: 'Shorten it, or send the ids in a body, where the address has a form that takes one.',
  },
  content_type: {
    status: 415,
    title: 'This address does not take this Content-Type.',
    advice:
      'Send batches as application/x-ndjson or application/json, a blob as the document says, the rest as application/json, in UTF-8.',
  },
  encoding_unsupported: {
    status: 415,
    title: 'This Content-Encoding is not known.',
    advice: 'Send gzip, deflate, br, or no encoding.',
  },
  headers_too_large: {
    status: 431,
    title: 'The request line and headers are longer than 16 KiB.',
    advice: 'Send fewer or shorter headers.',
  },
  // consent and payment
  unknown_app: {
    status: 403,
    title: 'The app is not registered here.',
    advice: 'Compare its key. The operator registers apps with `ddc apps add`.',
  },
  app_closed: {
    status: 403,
    title: 'The app takes writes only with a token of its own key, and there was none.',
    advice:
      "Add one with operation `batches.write` for this wallet or all: `Authorization: Bearer`, or, beside a wallet's own token, the header `DDC-App-Token`.",
  },
  unpaid: {
    status: 402,
    title: 'A settlement of the app could not be charged.',
    advice:
      'Keep what was refused, fund the pot of the app, and send the same bytes again: writes are taken once it is paid.',
  },
  quota_exceeded: {
    status: 402,
    title: 'The app has used what its tier may write in this period.',
    advice:
      'Keep what was refused and send it again when the next period begins, as Retry-After says, or ask the operator for another tier.',
  },
  erased: {
    status: 410,
    title: 'The data of this wallet in this app was erased, for ever.',
    advice:
      'Do not send it again. If the wallet means to write anew, it first signs a request to re-open (/v1/reopenings).',
  },
  mode_mismatch: {
    status: 409,
    title:
      'Who encrypts is settled per wallet and app, and not as this batch takes for granted: the service, unless the wallet has moved to client mode.',
    advice: 'Make the batch anew in the mode that is settled, or move the wallet (/v1/moves).',
  },
  subject_mismatch: {
    status: 409,
    title: 'The header line names another subject than the one registered for this wallet in this app.',
    advice: 'Read the mode of the wallet, which names the subject, and sign the batch anew with that.',
  },
  unauthorized: {
    status: 401,
    title: 'A token that is valid now is needed, and there was none.',
    advice:
      'Send `Authorization: Bearer <base64url of a signed request of kind token>`, signed with the key of the wallet or the app.',
  },
  forbidden: {
    status: 403,
    title: 'The token does not allow this: its operations, audience, app or wallet are others.',
    advice: 'Sign one that names them. What belongs to somebody else needs their grant.',
  },
  token_delegated: {
    status: 403,
    title:
      'The token is used by another key than those that may: the one that signed it and that it names, or one to which it delegates, in a chain of two that goes no further.',
    advice: 'Sign a token for the key that uses it.',
  },
  token_revoked: {
    status: 401,
    title: 'The token, or the one that it stands on, was revoked by who answers for it.',
    advice: 'Ask for a new one.',
  },
  request_clash: {
    status: 409,
    title: 'This request id was used before, for other bytes.',
    advice: 'Sign the request anew with an id of its own.',
  },
  unknown_grant: {
    status: 404,
    title: 'This wallet has signed no grant or policy with this id in this app, or it was forgotten by an erasure.',
    advice: 'Compare the id with the list of grants of the wallet.',
  },
  not_certified: {
    status: 422,
    title: 'Nobody has registered a live certificate for this X25519 key.',
    advice: 'Its holder registers one at /v1/certificates; then send this again.',
  },
  key_taken: {
    status: 409,
    title: 'Another wallet has registered this X25519 key.',
    advice: 'Make a key pair of your own, and register that.',
  },
  epoch_ahead: {
    status: 422,
    title: 'The grant begins later than with the next epoch.',
    advice: 'Name a `fromEpoch` of at most one more than the epoch that the wallet is in.',
  },
  too_many_grants: {
    status: 409,
    title: 'The wallet has 1,000 grants in this app that have not ended, which is the most.',
    advice: 'Revoke some, or wait until they expire.',
  },
  policy_superseded: {
    status: 409,
    title: 'The policy in force was signed later than this one, perhaps by a clock that is ahead.',
    advice: 'Revoke it by its id, and sign anew once its time has passed (5 minutes at most).',
  },
  client_keys: {
    status: 409,
    title: 'This wallet encrypts by itself in this app: the service has none of its keys.',
    advice:
      'Do with the keys of the wallet what was asked of the service: seal a key to its recipient with `ddc crypto grant`.',
  },
  no_key: {
    status: 403,
    title:
      'No live grant or policy gives the caller the key of this envelope, or the service has none: the wallet encrypts by itself, or is erased. Told of single envelopes.',
    advice: 'Ask the wallet for a grant of this scope; the other envelopes are answered.',
  },
  too_many_keys: {
    status: 413,
    title: 'These scopes have more than 1,000 keys (root versions times epochs, for each certificate of the caller).',
    advice: 'Name fewer scopes at once.',
  },
  same_mode: {
    status: 409,
    title: 'The wallet is in this mode already.',
    advice: 'There is nothing to do. Read the mode of the wallet before it moves.',
  },
  not_prepared: {
    status: 409,
    title: 'A move to service mode names the subject that /v1/moves/prepare answered last, and this is another.',
    advice: 'Ask there for it and sign again.',
  },
  epoch_behind: {
    status: 409,
    title: 'The epoch of the move is below the one that the wallet is in.',
    advice: 'Name that one or a later one.',
  },
  epoch_too_high: {
    status: 422,
    title: 'The epoch of the move is above 2,147,483,647.',
    advice: 'Name the one that the wallet is in.',
  },
  subject_taken: {
    status: 409,
    title: 'Another root has this subject.',
    advice: 'Make a new client root: it has a new subject.',
  },
  nothing_to_erase: {
    status: 404,
    title: 'This wallet has never written to this app, so that there is nothing to erase.',
    advice: 'Compare the wallet and the app; if they are right there is nothing to do.',
  },
  nothing_to_remove: {
    status: 404,
    title: 'This wallet has never written to this app, so that there is nothing to remove.',
    advice: 'Compare the wallet and the app; if they are right there is nothing to do.',
  },
  too_many_ranges: {
    status: 409,
    title: 'This wallet has removed 500 stretches of time in this app, which is the most.',
    advice: 'Remove a wider one: those within it count no more.',
  },
  too_many_removals: {
    status: 409,
    title:
      'This wallet has removed 100,000 events and sessions by name in this app, or has 1,000 removals there that are not finished.',
    advice:
      'Remove a stretch of time, name up to 1,000 events in one request, or wait until some have their last receipt.',
  },
  too_many_revocations: {
    status: 409,
    title: 'This key has ended 1,000 tokens within a day.',
    advice: 'Wait until they are over, or use another key.',
  },
  already_erased: {
    status: 409,
    title: 'Everything of this wallet in this app is erased, or being erased, already.',
    advice: 'Follow the erasure in the list of removals of the wallet, which has its receipt.',
  },
  not_erased: {
    status: 409,
    title: 'This wallet is not erased in this app.',
    advice: 'There is nothing to re-open: it can write.',
  },
  erasing: {
    status: 409,
    title: 'The erasure is still under way.',
    advice:
      'Ask for its state at the address of the removal, and send this again once it has its receipt, some seconds later.',
  },
  older_than_erasure: {
    status: 409,
    title: 'It was signed before the erasure, or by a clock that is behind the one of the device that erased.',
    advice: 'Sign it anew.',
  },
  unknown_removal: {
    status: 404,
    title: 'This wallet has no removal with this id in this app.',
    advice: 'Compare the id, which is that of the request to erase or remove, with the list of removals of the wallet.',
  },
  unknown_cluster: {
    status: 404,
    title: 'There is no cluster of this name.',
    advice: 'Name one of those that are listed at /v1/clusters.',
  },
  cluster_settled: {
    status: 409,
    title: 'The wallet has keys, and perhaps data, in another cluster, and moving is not offered yet.',
    advice: 'Leave it where it is: `GET /v1/wallets/{wallet}` says where.',
  },
  unknown_batch: {
    status: 404,
    title: 'No accepted batch has this id.',
    advice: 'If it was sent a moment ago ask again; if it stays unknown send it again.',
  },
  // exports
  bad_declaration: {
    status: 422,
    title: 'The export was not declared.',
    advice: 'Mend everything that `problems` names, each with its code and its member, and send it again.',
  },
  unknown_export: {
    status: 404,
    title: 'This app has no export of this name.',
    advice: 'Compare it with those that are listed at /v1/apps/{app}/exports.',
  },
  no_offer: {
    status: 403,
    title: 'The app offers the caller no exports, or not any more.',
    advice: 'Ask the app: it says at /v1/apps/{app}/export-offer what partners may attach.',
  },
  nothing_granted: {
    status: 403,
    title: 'No wallet of this app lets the caller read any of these scopes.',
    advice: 'Register a certificate, and ask wallets for a grant or policy that names its key.',
  },
  export_ending: {
    status: 409,
    title: 'The export is being removed.',
    advice: 'Wait until it is not listed any more; then its name is free.',
  },
  export_replayed: {
    status: 409,
    title: 'A replay fills the export.',
    advice:
      'Wait until it is done, or cancel it: an export that goes on before passes over for good what was not brought yet.',
  },
  bad_replay: {
    status: 422,
    title: 'The replay was not made.',
    advice: 'Mend everything that `problems` names, each with its code and its member, and send it again.',
  },
  unknown_replay: {
    status: 404,
    title: 'This app has no replay with this id.',
    advice: 'Compare it with those that are listed at /v1/apps/{app}/replays.',
  },
  replay_state: {
    status: 409,
    title: 'The replay is in a state in which this cannot be.',
    advice:
      'Look at its `state`: what waits or runs can be paused, what is paused or failed can go on, and what is done or cancelled is over.',
  },
  // blobs
  unknown_blob: {
    status: 404,
    title: 'This wallet has no blob with this CID in this app, or none that the caller may read.',
    advice: 'Upload it, or ask for a grant of its scope.',
  },
  blob_gone: {
    status: 410,
    title: 'This blob is gone: no event named it for 24 h, or every event that did was removed.',
    advice: 'Upload it again, and send an event that names it.',
  },
  blob_unreadable: {
    status: 502,
    title: 'What is stored of this blob is not what its CID names, or does not open: nothing of it is answered.',
    advice: 'Tell the operator, who finds it in the log: asking again does not help by itself.',
  },
  upload_taken: {
    status: 409,
    title: 'Another request with this upload id was finished first.',
    advice: 'Send the same bytes again to get its answer.',
  },
  range_not_satisfiable: {
    status: 416,
    title: 'The blob has no such bytes.',
    advice: 'Name a range that begins below its size, which is in Content-Range.',
  },
  // receipts
  dead_batch: {
    status: 409,
    title: 'The batch was accepted, and the pipeline could not keep it: there is nothing to give a receipt of.',
    advice: 'Tell the operator, who holds a copy. Its status says `dead`.',
  },
  unknown_event: {
    status: 404,
    title: 'This wallet has no event with this id in this app.',
    advice: 'If it was sent a moment ago ask again once its batch is indexed.',
  },
  content_unchecked: {
    status: 409,
    title: 'The wallet encrypts by itself: the service has no key to find an event in its batch.',
    advice: 'Ask for the receipt of the batch, and disclose the event from its meta with your own key.',
  },
  many_batches: {
    status: 409,
    title: 'More than 16 batches of this wallet may hold this id.',
    advice: 'Name the one that it is in: `?batch=<batch id>`.',
  },
  // schemas
  schema_refused: {
    status: 422,
    title:
      'The schema of this type cannot be registered: no table could be made of it, or not of it after the versions before.',
    advice:
      '`detail` names everything that is wrong and what to do about each; docs/schemas.md says what a schema may have.',
  },
  // load
  wallet_rate: {
    status: 429,
    title: 'This wallet sends more than its partition can take.',
    advice: 'Wait as Retry-After says and send the same bytes again; fleets use one wallet per user.',
  },
  rate_limited: {
    status: 429,
    title: 'This caller or address sends more requests than it may, a second or at once.',
    advice: 'Wait as Retry-After says and send the same bytes again; the header RateLimit tells what is left.',
  },
  overloaded: {
    status: 503,
    title: 'Too many requests are being served.',
    advice: 'Wait as Retry-After says and send the same bytes again.',
  },
  unavailable: {
    status: 503,
    title: 'A system behind the API does not answer.',
    advice: 'Nothing is lost: wait as Retry-After says and send the same bytes again.',
  },
  stopping: {
    status: 503,
    title: 'This process is stopping.',
    advice: 'Connect again and send the same bytes again.',
  },
  bug: {
    status: 500,
    title: 'The service failed in a way that it should not.',
    advice:
      'Send the same bytes again, which is safe: requests are idempotent. If it stays so tell the operator, who finds it in the log.',
  },
} as const satisfies Record<string, ProblemKind>;

export type ApiProblemCode = keyof typeof API_PROBLEMS;

export interface ProblemDetails {
  readonly detail?: string;
  /** Everything that is wrong, where several things may be. */
  readonly problems?: readonly { readonly code: string; readonly path: string; readonly message: string }[];
  /** Seconds, for `Retry-After`. */
  readonly retryAfter?: number;
  /** For `Allow`. */
  readonly allow?: string;
  /** For `Content-Range`: what there is, in bytes. */
  readonly size?: number;
  /** Further headers of the answer. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A refusal that the API itself makes. */
export class ApiProblem extends Error {
  readonly code: ApiProblemCode;
  readonly details: ProblemDetails;
  constructor(code: ApiProblemCode, details: ProblemDetails = {}) {
    super(details.detail ?? `${API_PROBLEMS[code].title} ${API_PROBLEMS[code].advice}`);
    this.name = 'ApiProblem';
    this.code = code;
    this.details = details;
  }
}
