import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { launch } from './launch.ts';
import type { Part } from './part.ts';
import { freePort } from './port.ts';
import { prepareRegistry } from './prepare.mjs';
import { answers } from './probe.ts';

const JAR = 'apicurio-registry-app-2.6.13.Final-runner.jar';
const API = '/apis/ccompat/v7';

/** Apicurio Registry through its Confluent API. Its database is a file, so that schema ids survive a restart. */
export const registry: Part = {
  name: 'registry',
  env: 'SCHEMA_REGISTRY_URL',
  containerPort: 8080,
  url: (address) => `http://${address}${API}`,
  async prepare(progress) {
    await prepareRegistry(progress);
  },
  async start(options) {
    const jar = join(await prepareRegistry(options.progress), JAR);
    const folder = join(options.folder, 'registry');
    mkdirSync(folder, { recursive: true });
    const port = await freePort();
    const url = `http://127.0.0.1:${port}${API}`;
    const settings = [
      '-Dquarkus.http.host=127.0.0.1',
      `-Dquarkus.http.port=${port}`,
      `-Dquarkus.datasource.jdbc.url=jdbc:h2:file:${join(folder, 'schemas')};DB_CLOSE_ON_EXIT=FALSE;FILE_LOCK=NO`,
      `-Djava.io.tmpdir=${folder}`,
    ];
    return launch(
      {
        name: 'registry',
        url,
        command: 'java',
        args: ['-Xmx256m', ...(options.fullSpeed ? [] : ['-XX:TieredStopAtLevel=1']), ...settings, '-jar', jar],
        cwd: folder,
        ready: () => answers(`${url}/subjects`),
      },
      options,
    );
  },
};
