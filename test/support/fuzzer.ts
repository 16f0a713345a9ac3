import { request } from 'node:http';
import { gzipSync } from 'node:zlib';
import { someBody } from './api.ts';
import { someShot } from './fuzz-requests.ts';

export interface FuzzOptions {
  readonly seconds: number;
  /** Goes on until there were so many. */
  readonly atLeast?: number;
  /** Of the API, without a path. */
  readonly url: string;
  readonly seed: number;
}

export interface FuzzReport {
  readonly seed: number;
  readonly requests: number;
  /** Batches that were answered 202, the last valid one not counted. */
  readonly accepted: number;
  /** How often each status was answered; `none` where the connection ended without an answer. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Answers that must not be: 5xx other than overload. */
  readonly failures: readonly string[];
  /** The API still accepts a valid batch. */
  readonly alive: boolean;
}

type Draw = (below: number) => number;

/** mulberry32: the same seed gives the same requests. */
function draws(seed: number): Draw {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

const WORDS = [
  '{',
  '}',
  '[',
  '"',
  '\n',
  '\r\n',
  '\u0000',
  '__proto__',
  'null',
  '-1',
  '1e999',
  '\ufeff',
  '\\ud800',
  '9'.repeat(40),
  '['.repeat(9_000),
];

const MUTATIONS: readonly ((body: Buffer, draw: Draw) => Buffer)[] = [
  (body) => body,
  (body, draw) => {
    const copy = Buffer.from(body);
    for (let n = 1 + draw(8); n > 0; n--) copy[draw(copy.length)] = draw(256);
    return copy;
  },
  (body, draw) => body.subarray(0, draw(body.length)),
  (body, draw) => {
    const at = draw(body.length);
    return Buffer.concat([body.subarray(0, at), Buffer.from(WORDS[draw(WORDS.length)] ?? ''), body.subarray(at)]);
  },
  (body, draw) => {
    const from = draw(body.length);
    return Buffer.concat([body.subarray(0, from), body.subarray(from + draw(40))]);
  },
  (body) => Buffer.concat([body, body]),
  (_body, draw) => Buffer.from(Array.from({ length: draw(3_000) }, () => draw(256))),
  (_body, draw) => Buffer.alloc(draw(2_200_000), 0x20),
];

const PATHS = [
  '/v1/batches',
  '/v1/batches',
  '/v1/batches',
  '/v1/batches/status',
  '/v1/batches/%ff',
  '/v1/batches/..%2f',
  '/openapi.json',
  '/docs/%00',
  '/nothing',
];
const METHODS = ['POST', 'POST', 'POST', 'POST', 'GET', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH'];
const TYPES = [
  'application/x-ndjson',
  'application/x-ndjson',
  'application/json',
  'application/json; charset=utf-16',
  'text/plain',
  ';;;',
  '',
];
const ENCODINGS = [
  undefined,
  undefined,
  undefined,
  'gzip',
  'deflate',
  'br',
  'identity',
  'gzip, gzip',
  'constructor',
  '__proto__',
];

/** Sends mutated requests until the time is up. Never throws because of what the API answers: the report says. */
export async function run({ seconds, atLeast = 0, url, seed }: FuzzOptions): Promise<FuzzReport> {
  const draw = draws(seed);
  const statuses: Record<string, number> = {};
  const failures: string[] = [];
  const until = Date.now() + seconds * 1000;
  let requests = 0;
  let accepted = 0;
  const lane = async () => {
    while (Date.now() < until || requests < atLeast) {
      requests += 1;
      const number = requests;
      const atConsent = draw(3) === 0;
      const status = await (atConsent ? shootAtConsent(url, draw) : shoot(url, draw));
      // An erasure is answered 202, too, and stands in no log of batches.
      if (!atConsent && status === '202') accepted += 1;
      statuses[status] = (statuses[status] ?? 0) + 1;
      if (/^5/.test(status) && status !== '503') failures.push(`request ${number} of seed ${seed}: ${status}`);
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
  const last = await fetch(`${url}/v1/batches`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: Buffer.from(someBody()),
  });
  return { seed, requests, accepted, statuses, failures, alive: last.status === 202 };
}

function shoot(url: string, draw: Draw): Promise<string> {
  const pick = <T>(from: readonly T[]): T => from[draw(from.length)] as T;
  let body = pick(MUTATIONS)(Buffer.from(someBody()), draw);
  const encoding = pick(ENCODINGS);
  if (encoding === 'gzip' && draw(2) === 0) body = pick(MUTATIONS)(gzipSync(body), draw);
  const method = pick(METHODS);
  const cut = draw(12) === 0;
  const headers: Record<string, string | number> = {
    'content-type': pick(TYPES),
    'x-fuzz': 'y'.repeat(draw(50) === 0 ? 20_000 : 1),
  };
  if (encoding) headers['content-encoding'] = encoding;
  if (draw(3) > 0) headers['content-length'] = cut ? body.length + 1 + draw(100) : body.length;
  return exchange(`${url}${pick(PATHS)}`, { method, headers }, body, cut);
}

/** Signed requests and calls with tokens: half of them whole, the others broken in the body or in the token. */
function shootAtConsent(url: string, draw: Draw): Promise<string> {
  const { path, body, bearer } = someShot(draw);
  const broken = (bytes: Buffer) =>
    draw(2) === 0 ? bytes : (MUTATIONS[draw(MUTATIONS.length)] ?? ((all) => all))(bytes, draw);
  const token =
    bearer &&
    broken(Buffer.from(bearer))
      .toString('latin1')
      .replaceAll(/[^\t -~]/g, '')
      .slice(0, 20_000);
  const method = bearer !== undefined && draw(2) === 0 ? 'GET' : 'POST';
  const sent = method === 'GET' ? Buffer.alloc(0) : broken(body);
  const headers: Record<string, string | number> = {
    'content-type': 'application/json',
    'content-length': sent.length,
  };
  if (token !== undefined) headers.authorization = `Bearer ${token}`;
  return exchange(`${url}${path}`, { method, headers }, sent, false);
}

/** @param cut the connection goes before the body is whole */
function exchange(
  url: string,
  how: { method: string; headers: Record<string, string | number> },
  body: Buffer,
  cut: boolean,
): Promise<string> {
  return new Promise((resolve) => {
    const sent = request(url, { ...how, agent: false }, (answer) => {
      answer.resume();
      answer.on('close', () => resolve(String(answer.statusCode)));
    });
    sent.on('error', () => resolve('none'));
    if (!cut) return void sent.end(body);
    sent.write(body, () => sent.destroy());
  });
}
