// The program of a process that acquires one item, tells what it receives, and may be killed at any moment.
import { type AcquireOrder, attempt } from './acquire-order.ts';

process.once('message', async (order: AcquireOrder) => {
  const end = await attempt(order, received => process.send?.({ received }));
  process.send?.({ end }, () => process.disconnect());
});
