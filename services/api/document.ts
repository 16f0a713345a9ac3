import { allRoutes, type GroupDeps } from './groups/index.ts';
import { openApiDocument } from './openapi.ts';
import type { Route } from './route.ts';

/** Version of the API, as the document says it. */
export const API_VERSION = '1';

/** Stands for every edge of the routes: what they say of themselves asks none of them anything. */
const NO_EDGE: unknown = new Proxy(() => NO_EDGE, {
  get: (_, name) => (name === Symbol.toPrimitive ? () => '' : NO_EDGE),
});
/** What is listed while routes are made. Own members, so that copies have them too. */
const LISTS = { clusters: new Map(), clusterNames: [] };
const NO_EDGES = new Proxy(LISTS, { get: (lists, name) => Reflect.get(lists, name) ?? NO_EDGE });

/** Every route, to be looked at: none of them can be called. */
export const routesWithoutEdges = (): Route[] => allRoutes(NO_EDGES as unknown as GroupDeps);

/** The document of the API without an API: what `/openapi.json` answers, and docs/openapi.json is made from. Call after `ready()`. */
export const apiDocument = () => openApiDocument(routesWithoutEdges(), API_VERSION);
