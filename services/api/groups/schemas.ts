import { z } from 'zod';
import { fromHex } from '../../../protocol/index.ts';
import type { AppSchema, AppSchemas } from '../../pipeline/ports/app-schemas.ts';
import { addSchema, SchemaRefused } from '../../pipeline/typed/add-schema.ts';
import { typeNameProblem } from '../../pipeline/typed/names.ts';
import { answerJson } from '../answer.ts';
import type { AppRegister } from '../app-register.ts';
import { type Authorize, mustBeApp } from '../auth/bearer.ts';
import { ApiProblem } from '../problems.ts';
import { checked, jsonBody, ok, problem, type Route } from '../route.ts';
import { addressParam } from '../shapes.ts';

export interface SchemaRoutesDeps {
  readonly authorize: Authorize;
  readonly apps: Pick<AppRegister, 'find'>;
  readonly schemas: AppSchemas;
}

const typeShape = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, 'must be 1 to 64 of [A-Za-z0-9_.-] and begin with a letter or digit')
  .refine((type) => typeNameProblem(type) === null, 'must not be `events`, the table of types without a schema')
  .describe('Type of the events. Tables of exports are named like it.');
const appShape = z.strictObject({ app: addressParam });
const typeParams = appShape.extend({ type: typeShape });
const addition = z.strictObject({
  type: typeShape,
  schema: z.string().min(1).max(65_536).describe('Text of an Avro schema, a record: docs/schemas.md.'),
});
const version = z.int().min(1).describe('Counts within the type, from 1.');
const added = z.object({ type: z.string(), version });
const typeList = z.object({ types: z.array(z.string()).describe('Sorted.') });
const versionList = z.object({
  type: z.string(),
  versions: z.array(z.object({ version, schema: z.string().describe('As it is registered.') })),
});

const viewOf = ({ version: number, text }: AppSchema) => ({ version: number, schema: text });

/** What events of a type hold, so that exports have columns for it. */
export const schemaRoutes = ({ authorize, apps, schemas }: SchemaRoutesDeps): Route[] => [
  {
    access: { kind: 'token', operation: 'schemas.write', by: ['app'] },
    doc: {
      method: 'post',
      path: '/v1/apps/{app}/schemas',
      tags: ['schemas'],
      summary: 'Register a schema of a type of events',
      description:
        'A token for all wallets. The first version makes exports write events of the type to a table of its own from then on; a later one only adds optional fields. Exports use it within 5 s. The same schema again is the version that there is.',
      request: { params: appShape, ...jsonBody(addition) },
      responses: {
        201: ok('It is registered.', added),
        403: problem('`unknown_app`'),
        422: problem('`schema_refused`'),
      },
    },
    limit: 512 * 1024,
    async handle(request, response) {
      const { app } = checked(appShape, request.params);
      mustBeApp(authorize(request, 'schemas.write', app));
      const { type, schema } = checked(addition, request.body);
      if (!(await apps.find({ hex: app, bytes: fromHex(app, 32) }))) throw new ApiProblem('unknown_app');
      try {
        const { version: number } = await addSchema(schemas, app, type, schema);
        answerJson(response, 201, { type, version: number });
      } catch (error) {
        throw error instanceof SchemaRefused ? new ApiProblem('schema_refused', { detail: error.message }) : error;
      }
    },
  },
  {
    access: { kind: 'token', operation: 'schemas.read', by: ['app'] },
    doc: {
      method: 'get',
      path: '/v1/apps/{app}/schemas',
      tags: ['schemas'],
      summary: 'The types of an app that have a schema',
      description: 'A token for all wallets.',
      request: { params: appShape },
      responses: { 200: ok('Events of other types are exported as texts.', typeList) },
    },
    async handle(request, response) {
      const { app } = checked(appShape, request.params);
      mustBeApp(authorize(request, 'schemas.read', app));
      answerJson(response, 200, { types: await schemas.types(app) });
    },
  },
  {
    access: { kind: 'token', operation: 'schemas.read', by: ['app'] },
    doc: {
      method: 'get',
      path: '/v1/apps/{app}/schemas/{type}',
      tags: ['schemas'],
      summary: 'Every version of the schema of a type',
      description: 'A token for all wallets.',
      request: { params: typeParams },
      responses: { 200: ok('The earliest first; none when the type has no schema.', versionList) },
    },
    async handle(request, response) {
      const { app, type } = checked(typeParams, request.params);
      mustBeApp(authorize(request, 'schemas.read', app));
      answerJson(response, 200, { type, versions: (await schemas.versions(app, type)).map(viewOf) });
    },
  },
];
