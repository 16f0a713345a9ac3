import { counted, type Reader } from './reader.ts';

/** What a receiver of the webhook has, who follows orders and takes a row that comes again for one. */
export const receiver: Reader = {
  name: 'receiver',
  sinks: ['webhook'],
  async read({ received }) {
    if (!received) throw new Error('an output without a receiver');
    return counted(await received());
  },
};
