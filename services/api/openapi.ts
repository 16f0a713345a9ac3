import { OpenAPIRegistry, OpenApiGeneratorV31 } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { bodyExamples, PARAMETER_EXAMPLES } from './examples.ts';
import { type Answers, createSharedRefusals, TAGS } from './openapi-parts.ts';
import { documented, type Route } from './route.ts';
import { problem } from './shapes.ts';

/** An operation as far as it is changed after it was made. */
interface Operation {
  readonly tags?: readonly string[];
  readonly responses: Answers;
  readonly parameters?: { readonly name: string; example?: unknown }[];
  readonly requestBody?: { readonly content: Record<string, { example?: unknown }> };
}

/** A refusal, in JSON Schema 2020-12 as OpenAPI 3.1 has it. */
function problemSchema(): object {
  const { $schema: _, ...schema } = z.toJSONSchema(problem, { io: 'input' });
  return schema;
}

/**
 * OpenAPI 3.1, from the shapes that validate. Call after `ready()`: examples are signed.
 * @param version of the API, not of the package
 */
export function openApiDocument(routes: readonly Route[], version: string) {
  const registry = new OpenAPIRegistry();
  registry.registerComponent('securitySchemes', 'token', {
    type: 'http',
    scheme: 'bearer',
    description: 'base64url of the JSON of a signed request of kind `token`.',
  });
  registry.registerComponent('schemas', 'Problem', problemSchema());
  for (const route of routes) registry.registerPath(documented(route));
  const document = new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Cere DDC',
      version,
      description:
        'Signed user events, encrypted per scope, stored in IPFS, anchored on a Substrate chain. Whatever changes something is signed by its author; tokens are signed too, and nothing is shared. Refusals are `application/problem+json` with a stable `code`, and `type` is the address of its page.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
  });
  const refusals = createSharedRefusals();
  const examples = bodyExamples();
  const used = new Set<string>();
  for (const [path, item] of Object.entries(document.paths ?? {}))
    for (const operation of Object.values(item as Record<string, Operation>)) {
      for (const tag of operation.tags ?? []) used.add(tag);
      refusals.share(operation.responses);
      for (const parameter of operation.parameters ?? []) {
        const example = PARAMETER_EXAMPLES[parameter.name];
        if (example !== undefined) parameter.example = example;
      }
      for (const [type, content] of Object.entries(operation.requestBody?.content ?? {})) {
        const example = examples[path]?.[type];
        if (example !== undefined) content.example = example;
      }
    }
  return {
    ...document,
    tags: Object.entries(TAGS).flatMap(([name, description]) => (used.has(name) ? [{ name, description }] : [])),
    components: { ...document.components, responses: refusals.responses },
  };
}
