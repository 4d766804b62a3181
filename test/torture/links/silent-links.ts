import { setTimeout as sleep } from 'node:timers/promises';
import type { Gate } from '#test/support/gate.ts';
import { type Silences, silence, until } from './silence.ts';

/** A client of a server that echoes. */
interface AskingLink {
  /** Resolves with the server's answer, which must be the question. Rejects while the server cannot be reached. */
  ask(question: string): Promise<string>;
  close(): Promise<void>;
}

interface LinkOptions extends Silences {
  /** Between the links and their server. */
  readonly gate: Gate;
  readonly openLink: () => AskingLink;
  readonly links: number;
  /** Waits for that many before it counts the connections of each link. @default the count is taken as it is */
  readonly connectionsPerLink?: number;
  /** Go on after the last round until so many questions were answered. */
  readonly answers: number;
}

interface LinkReport {
  readonly answers: number;
  /** Answers to another question. */
  readonly wrong: number;
  readonly refused: number;
  /** Connections with every link in use after the last round. */
  readonly connections: number;
  readonly connectionsAfterClose: number;
}

const QUESTIONS_AT_ONCE = 25;
const SETTLE_MS = 10_000;
const ANSWERS_MS = 60_000;

/** Asks through all links without a pause while the network falls silent, for each connection for its own time. */
export async function askThroughSilences(options: LinkOptions): Promise<LinkReport> {
  const { gate, openLink } = options;
  const links = Array.from({ length: options.links }, openLink);
  const asking = startAsking(links);
  await silence(gate, options);
  await until(() => asking.counts.answers >= options.answers, ANSWERS_MS);
  const { connectionsPerLink } = options;
  if (connectionsPerLink) await until(() => gate.connections === links.length * connectionsPerLink, SETTLE_MS);
  const { connections } = gate;
  await asking.stop();
  await Promise.all(links.map((link) => link.close()));
  await until(() => gate.connections === 0, SETTLE_MS);
  return { ...asking.counts, connections, connectionsAfterClose: gate.connections };
}

function startAsking(links: readonly AskingLink[]) {
  const counts = { answers: 0, wrong: 0, refused: 0 };
  const stopping = new AbortController();
  let questions = 0;
  const askers = links.flatMap((link) => Array.from({ length: QUESTIONS_AT_ONCE }, () => askOn(link)));
  return {
    counts,
    async stop() {
      stopping.abort();
      await Promise.all(askers);
    },
  };

  async function askOn(link: AskingLink): Promise<void> {
    while (!stopping.signal.aborted) {
      questions += 1;
      const question = `question ${questions}`;
      try {
        const answer = await link.ask(question);
        counts.answers += 1;
        if (answer !== question) counts.wrong += 1;
      } catch {
        counts.refused += 1;
        await sleep(20);
      }
    }
  }
}
