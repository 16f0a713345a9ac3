import { build } from 'esbuild';
import express, { type Router } from 'express';
import { getAbsoluteFSPath } from 'swagger-ui-dist';

const page = (script: string): string => `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <title>Cere DDC API</title>
  <link rel="icon" href="/docs/favicon-32x32.png">
  <link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
  <div id="panel"></div>
  <div id="swagger-ui"></div>
  <script src="/docs/swagger-ui-bundle.js"></script>
  <script src="/docs/${script}"></script>
</body>
</html>
`;
const START = `window.ui = SwaggerUIBundle({ url: '/openapi.json', dom_id: '#swagger-ui' });\n`;

/** Nothing from elsewhere, no text as code; libsodium is WebAssembly, and Swagger UI sets styles and has icons as data. */
const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * Swagger UI, served from the package: nothing is loaded from elsewhere.
 * @param panel file of a script that starts it in place of ours, for sandboxes; bundled when it is first asked for
 */
export function docsPage(panel: string | null): Router {
  const router = express.Router();
  let bundled: Promise<string> | null = null;
  router.use((_request, response, next) => {
    response.setHeader('content-security-policy', POLICY);
    next();
  });
  router.get('/', (_request, response) => {
    response.type('html').send(page(panel === null ? 'start.js' : 'panel.js'));
  });
  router.get('/start.js', (_request, response) => {
    response.type('js').send(START);
  });
  if (panel !== null) {
    router.get('/panel.js', async (_request, response) => {
      bundled ??= bundle(panel).catch((error) => {
        bundled = null;
        throw error;
      });
      response.type('js').send(await bundled);
    });
  }
  router.use(express.static(getAbsoluteFSPath(), { index: false, redirect: false }));
  return router;
}

async function bundle(file: string): Promise<string> {
  const how = { bundle: true, platform: 'browser', format: 'iife', target: 'es2022', minify: true } as const;
  const { outputFiles } = await build({ ...how, entryPoints: [file], write: false, logLevel: 'silent' });
  const [made] = outputFiles;
  if (!made) throw new Error('esbuild gave no bundle');
  return made.text;
}
