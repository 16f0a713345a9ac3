import { type App, type Apps, originsOf } from '../../services/pipeline/ports/apps.ts';

/** Memory twin of the registered apps. */
export function createMemoryApps(): Apps {
  const apps = new Map<string, App>();
  const textOf = (app: Uint8Array) => Buffer.from(app).toString('hex');
  return {
    async add({ app, tier, open, origins }) {
      const known = apps.get(textOf(app));
      const base = known ?? { tier: 'free', open: false, pot: apps.size, unpaid: false, origins: [] };
      const row: App = {
        ...base,
        app,
        tier: tier ?? base.tier,
        open: open ?? base.open,
        origins: origins ?? base.origins,
      };
      apps.set(textOf(app), row);
      return row;
    },
    async find(app) {
      return apps.get(textOf(app)) ?? null;
    },
    async list() {
      return [...apps.values()].sort((a, b) => a.pot - b.pot);
    },
    async origins() {
      return [...new Set([...apps.values()].flatMap(originsOf))];
    },
    async setUnpaid(app, unpaid) {
      const known = apps.get(textOf(app));
      if (known) apps.set(textOf(app), { ...known, unpaid });
    },
  };
}
