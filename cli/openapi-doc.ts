import { ready } from '../protocol/index.ts';
import { apiDocument } from '../services/api/document.ts';

/** docs/openapi.json. */
export async function openApiText(): Promise<string> {
  await ready();
  return `${JSON.stringify(apiDocument(), null, 1)}\n`;
}
