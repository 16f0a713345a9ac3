import { type Browser, chromium } from 'playwright-core';
import { prepareChromium } from './prepared.mjs';

/** A real Chromium without a window; installed when there is none and this process may. The caller closes it. */
export async function startChromium(): Promise<Browser> {
  // As root, and in containers, Chromium starts without its sandbox only; /dev/shm is small there.
  const args = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'];
  return chromium.launch({ executablePath: await prepareChromium(), args });
}
