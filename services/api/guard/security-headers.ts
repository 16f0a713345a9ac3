/** Nothing that is answered is a page, except the documentation. */
const NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
/** Swagger UI and what stands beside it: its own scripts only; it draws with inline styles and images in data URLs. */
const DOCUMENTATION =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

const EVERYWHERE = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  // Browsers elsewhere read answers by CORS, not by embedding them.
  'cross-origin-resource-policy': 'same-origin',
} as const;

/** What an answer may be of: files that anybody may keep, or data. */
const isDocumentation = (path: string): boolean => /^\/(docs|problems)(?:[/?]|$)/.test(path);

/**
 * Headers that tell browsers what not to do with an answer. Data is not kept by any cache.
 * @param hstsSeconds 0: not behind TLS
 */
export function securityHeaders(path: string, hstsSeconds: number): readonly (readonly [string, string])[] {
  const documentation = isDocumentation(path);
  return [
    ...Object.entries(EVERYWHERE),
    ['content-security-policy', documentation ? DOCUMENTATION : NOTHING],
    ['cache-control', documentation ? 'no-cache' : 'no-store'],
    ...(hstsSeconds > 0 ? [['strict-transport-security', `max-age=${hstsSeconds}; includeSubDomains`] as const] : []),
  ];
}
