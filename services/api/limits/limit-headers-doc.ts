import { z } from 'zod';

/** How the document describes what is left: draft-ietf-httpapi-ratelimit-headers. */
export const LIMIT_HEADERS = z.object({
  'RateLimit-Policy': z
    .string()
    .optional()
    .describe(
      '`"quota";q=1000000;w=86400, "rate";q=2000;w=4`: most in a window of seconds; the events of the app, and the requests of the caller.',
    ),
  RateLimit: z
    .string()
    .optional()
    .describe(
      '`"quota";r=999900;t=3600, "rate";r=1999;t=1`: what is left, and seconds until more is there. A limit that does not apply is not named; where none does, neither header is there.',
    ),
  'X-Request-Id': z.string().describe('Taken over from the request, or made.'),
});
