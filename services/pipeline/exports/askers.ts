import { type Asker, fromHex, toHex } from '../../../protocol/index.ts';
import type { Consents } from '../ports/consents.ts';
import type { DeclaredExport } from '../ports/exports.ts';

/** Certificates of a partner that are looked at, newest first. */
const MOST_CERTIFICATES = 8;

/** As whom an export asks for keys: as one of the app, or as its partner, by each certificate that has not ended. */
export async function exportAskers(
  { app, by }: Pick<DeclaredExport, 'app' | 'by'>,
  consents: Pick<Consents, 'certificates'>,
  now: number,
): Promise<Asker[]> {
  if (by === 'operator' || by === 'app') return [{ exportOf: toHex(app) }];
  const certificates = await consents.certificates(fromHex(by.slice('wallet:'.length), 32));
  const live = certificates.filter((one) => one.content.expiresAt > now);
  return live.slice(0, MOST_CERTIFICATES).map((certificate) => ({ certificate }));
}
