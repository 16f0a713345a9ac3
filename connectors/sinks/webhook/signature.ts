import { createHmac } from 'node:crypto';

const PREFIX = 'whsec_';

/** Bytes of a secret as Standard Webhooks writes it, `whsec_` and base64; null where it is not one of 24 to 64 bytes. */
export function secretBytes(secret: string): Buffer | null {
  const text = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : '';
  const bytes = Buffer.from(text, 'base64');
  return bytes.length >= 24 && bytes.length <= 64 ? bytes : null;
}

/**
 * Headers of Standard Webhooks 1.0 (https://www.standardwebhooks.com), for which there are libraries in many languages:
 * HMAC-SHA256 over `<id>.<seconds>.<body>`.
 */
export function signedHeaders(secret: Uint8Array, id: string, seconds: number, body: Uint8Array) {
  const signature = createHmac('sha256', secret).update(`${id}.${seconds}.`).update(body).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': String(seconds), 'webhook-signature': `v1,${signature}` };
}
