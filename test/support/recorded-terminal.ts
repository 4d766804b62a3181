import { PassThrough } from 'node:stream';
import { createTerminal, type Terminal } from '#local/terminal.ts';

interface RecordedEvent {
  readonly level: string;
  readonly source: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

export interface RecordedTerminal {
  readonly terminal: Terminal;
  readonly events: readonly RecordedEvent[];
  /** Resolves with the first past or future event that matches. */
  until(matches: (event: RecordedEvent) => boolean): Promise<RecordedEvent>;
}

/** A terminal whose events a test can await. */
export function recordedTerminal(): RecordedTerminal {
  const events: RecordedEvent[] = [];
  const waiting = new Set<(event: RecordedEvent) => void>();
  const output = new PassThrough();
  output.on('data', (chunk: Buffer) => {
    for (const line of chunk.toString().trimEnd().split('\n')) {
      const event = JSON.parse(line) as RecordedEvent;
      events.push(event);
      for (const offer of waiting) offer(event);
    }
  });
  return {
    terminal: createTerminal({ output, json: true, debug: true }),
    events,
    until(matches) {
      const known = events.find(matches);
      if (known) return Promise.resolve(known);
      return new Promise((resolve) => {
        const offer = (event: RecordedEvent) => {
          if (!matches(event)) return;
          waiting.delete(offer);
          resolve(event);
        };
        waiting.add(offer);
      });
    },
  };
}
