import { setTimeout as sleep } from 'node:timers/promises';
import type { Gate } from '#test/support/gate.ts';

/** A client of a server that echoes. */
interface AskingLink {
  /** Resolves with the server's answer, which must be the question. Rejects while the server cannot be reached. */
  ask(question: string): Promise<string>;
  close(): Promise<void>;
}

interface SilenceOptions {
  /** Between the links and their server. */
  readonly gate: Gate;
  readonly openLink: () => AskingLink;
  readonly links: number;
  /** Shortest and longest silence of a connection in ms. */
  readonly silenceMs: readonly [number, number];
  /** Silences of the network, one after the other. */
  readonly rounds: number;
  /** Go on after the last round until so many questions were answered. */
  readonly answers: number;
  readonly random: () => number;
}

interface SilenceReport {
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
export async function askThroughSilences(options: SilenceOptions): Promise<SilenceReport> {
  const { gate, openLink, random } = options;
  const links = Array.from({ length: options.links }, openLink);
  const asking = startAsking(links);
  await breakRepeatedly(options);
  await until(() => asking.counts.answers >= options.answers, ANSWERS_MS);
  await until(() => gate.connections === options.links, SETTLE_MS);
  const { connections } = gate;
  await asking.stop();
  await Promise.all(links.map((link) => link.close()));
  await until(() => gate.connections === 0, SETTLE_MS);
  return { ...asking.counts, connections, connectionsAfterClose: gate.connections };

  async function breakRepeatedly({ rounds, silenceMs: [shortest, longest] }: SilenceOptions): Promise<void> {
    const draw = () => shortest + random() * (longest - shortest);
    for (let round = 0; round < rounds; round++) {
      await sleep(300 + random() * 300);
      gate.stallEach(draw);
      await sleep(draw());
      // Connections that were made meanwhile stay silent for their own time.
      gate.stallEach(() => 0, { onlyNew: true });
    }
    await sleep(longest);
    gate.resume();
  }
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

async function until(holds: () => boolean, withinMs: number): Promise<void> {
  const endsAt = Date.now() + withinMs;
  while (!holds() && Date.now() < endsAt) await sleep(20);
}
