import type { Event } from '../../protocol/index.ts';
import type { AppSchemas } from '../../services/pipeline/ports/app-schemas.ts';
import { addSchema } from '../../services/pipeline/typed/add-schema.ts';
import { eventOf, PURCHASE_1, purchase, purchaseEvent, VIEW_1 } from '../support/typed-events.ts';

/** Seconds between an event and the next. */
const APART = 10;

export const TABLES = ['PURCHASE', 'VIEW', '_rejected', 'events'] as const;

/** Types of the events below that have a schema. @param app hex */
export async function addSchemas(schemas: AppSchemas, app: string): Promise<void> {
  await addSchema(schemas, app, 'PURCHASE', PURCHASE_1);
  await addSchema(schemas, app, 'VIEW', VIEW_1);
}

/** What does not fit, each in its own way. */
const POISON = ['{"seconds":"long"}', 'no JSON', '{}', '[1]'];

/** The nth event: typed with something that the schema does not know, of a type without schema, or unfit. */
export function mixedEvent(n: number): Event {
  switch (n % 5) {
    case 0:
    case 1:
      return purchaseEvent(n * APART, purchase(n));
    case 2:
      return eventOf(n * APART, 'VIEW', `{"seconds":${n / 10},"page":"/${n}"}`);
    case 3:
      return eventOf(n * APART, 'note/free', `text ${n}, no JSON`);
    default:
      return eventOf(n * APART, 'VIEW', POISON[n % POISON.length] as string);
  }
}
