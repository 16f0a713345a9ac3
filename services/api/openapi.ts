import { OpenAPIRegistry, OpenApiGeneratorV31 } from '@asteasolutions/zod-to-openapi';
import { documented, type Route } from './route.ts';

/** OpenAPI 3.1, from the shapes that validate. */
export function openApiDocument(routes: readonly Route[], version: string) {
  const registry = new OpenAPIRegistry();
  registry.registerComponent('securitySchemes', 'token', {
    type: 'http',
    scheme: 'bearer',
    description: 'base64url of the JSON of a signed request of kind `token`.',
  });
  for (const route of routes) registry.registerPath(documented(route));
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Cere DDC',
      version,
      description: 'Signed user events, encrypted per scope, stored in IPFS, anchored on a Substrate chain.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
  });
}
