import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createAppSchemas } from '../../connectors/registry/index.ts';
import { toHex } from '../../protocol/index.ts';
import { addSchema } from '../../services/pipeline/typed/add-schema.ts';
import { root } from '../../stack/root.mjs';
import { sandboxCast } from '../demo/cast.ts';

const TYPE = 'PURCHASE';
const FILE = join(root, `examples/data/${TYPE}.avsc`);

/** Registers the schema of the sample's events, as `ddc schemas add` would. @param env of the rooms */
export async function addSampleSchema(env: Readonly<Record<string, string>>): Promise<void> {
  const { app } = await sandboxCast();
  const schemas = createAppSchemas({ url: env.SCHEMA_REGISTRY_URL ?? '', prefix: env.DDC_TOPIC_PREFIX ?? '' });
  await addSchema(schemas, toHex(app.publicKey), TYPE, await readFile(FILE, 'utf8'));
}
