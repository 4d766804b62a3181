import { type Order, type Seen, sendAsOrdered } from './sending.ts';

// A process of its own, so that nothing else delays what it sends or the times that it takes: see `sender-process.ts`.
process.on('message', (order: Order) => {
  void sendAsOrdered(order).then((seen: Seen) => process.send?.(seen));
});
