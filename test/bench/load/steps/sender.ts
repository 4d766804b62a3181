import { CONNECTIONS, type Order, type Seen, sendAsOrdered } from './sending.ts';
import { Wire } from './wire.ts';

// A process of its own, so that nothing else delays what it sends or the times that it takes: see `sender-process.ts`.
let wire: Wire | undefined;
process.on('message', (order: Order) => {
  wire ??= new Wire(order.url, CONNECTIONS);
  void sendAsOrdered(order, wire).then((seen: Seen) => process.send?.(seen));
});
process.once('disconnect', () => wire?.[Symbol.dispose]());
