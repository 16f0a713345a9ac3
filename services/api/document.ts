import { allRoutes, type GroupDeps } from './groups/index.ts';
import { openApiDocument } from './openapi.ts';

/** Version of the API, as the document says it. */
export const API_VERSION = '1';

/** Stands for every edge of the routes: what they say of themselves asks none of them anything. */
const NO_EDGES: unknown = new Proxy(() => NO_EDGES, {
  get: (_, name) => (name === Symbol.toPrimitive ? () => '' : NO_EDGES),
});

/** The document of the API without an API: what `/openapi.json` answers, and docs/openapi.json is made from. Call after `ready()`. */
export const apiDocument = () => openApiDocument(allRoutes(NO_EDGES as GroupDeps), API_VERSION);
