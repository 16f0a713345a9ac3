// JSON as docs/formats.md has it: Node's parser, with limits of depth and of members.
import { attempt, need } from './bytes.mjs';

/** Objects and lists in one another; told before the text is parsed. */
export function checkDepth(text) {
  let depth = 0;
  for (let at = 0, quoted = false; at < text.length; at++) {
    const c = text[at];
    if (quoted) {
      if (c === '\\') at++;
      else if (c === '"') quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === '{' || c === '[') need(++depth <= 8, 'depth');
    else if (c === '}' || c === ']') depth--;
  }
}

export function parseJson(text) {
  checkDepth(text);
  return attempt('json', () => JSON.parse(text));
}

export const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** An object of `known` members and no other, of which `required` are there. */
export function members(value, known, code, required = known) {
  need(isObject(value), code);
  for (const name of Object.keys(value)) {
    need(name !== '__proto__', 'proto');
    need(known.includes(name), 'field');
  }
  for (const name of required) need(Object.hasOwn(value, name) && value[name] !== undefined, code);
}

export function integer(value, code, top = Number.MAX_SAFE_INTEGER) {
  need(Number.isSafeInteger(value) && !Object.is(value, -0) && value >= 0 && value <= top, code);
  return value;
}
