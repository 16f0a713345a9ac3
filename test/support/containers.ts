import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { DockerComposeEnvironment, Wait } from 'testcontainers';
import { freePort } from '../../stack/port.ts';
import { root } from '../../stack/root.mjs';
import type { ContainerStart } from '../../stack/stack.ts';

const STARTUP_MS = 180_000;

/** A part of `docker-compose.yml` through testcontainers, which removes it even when the tests are killed. */
export const startInTestcontainers: ContainerStart = async (part, project) => {
  const port = await freePort();
  const environment = await new DockerComposeEnvironment(root, 'docker-compose.yml')
    .withProjectName(`${project}-${part.name}`)
    .withEnvironment({ [`DDC_${part.name.toUpperCase()}_PORT`]: String(port) })
    .withWaitStrategy(`${part.name}-1`, Wait.forHealthCheck())
    .withStartupTimeout(STARTUP_MS)
    .up([part.name]);
  const container = environment.getContainer(`${part.name}-1`);
  let runs = true;
  return {
    name: part.name,
    way: 'compose',
    url: part.url(`127.0.0.1:${port}`),
    pid: () => null,
    async stop() {
      if (!runs) return;
      runs = false;
      await environment.down({ removeVolumes: true });
    },
    async kill() {
      await promisify(execFile)('docker', ['kill', container.getId()]);
    },
    restart: () => container.restart(),
  };
};
