import { describe, expect, it } from 'vitest';
import { InvalidInput } from '#runtime/define-model.ts';
import model from '../../model-containers/examples/voice_activity/model.ts';
import { SegmentFinder } from '../../model-containers/examples/voice_activity/segment-finder.ts';
import { run } from './support/run.ts';

const RATE = 16_000;

/** Pulses of a voice through two resonances, like a vowel. */
function vowel(seconds: number): number[] {
  const samples: number[] = [];
  let phase = 0;
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let i = 0; i < seconds * RATE; i++) {
    const time = i / RATE;
    phase += (130 + 20 * Math.sin(5 * time)) / RATE;
    const pulse = phase >= 1 ? 1 : 0;
    phase %= 1;
    const first = 700 + 250 * Math.sin(9 * time);
    [a, b] = [pulse + 2 * 0.97 * Math.cos((2 * Math.PI * first) / RATE) * a - 0.97 ** 2 * b, a];
    [c, d] = [a + 2 * 0.96 * Math.cos((2 * Math.PI * 1800) / RATE) * c - 0.96 ** 2 * d, c];
    samples.push(c);
  }
  const loudest = Math.max(...samples.map(Math.abs));
  return samples.map((sample) => (12_000 * sample) / loudest);
}

const pause = (seconds: number): number[] => Array.from({ length: seconds * RATE }, () => 0);

function wavOf(samples: readonly number[], { rate = RATE } = {}): Buffer {
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + 2 * samples.length, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(rate * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(2 * samples.length, 40);
  return Buffer.concat([header, Buffer.from(Int16Array.from(samples).buffer)]);
}

describe('voice activity', () => {
  it('tells each segment of speech when it is over, and how far it is', async () => {
    const samples = [pause(1), vowel(2), pause(2), vowel(1.5), pause(1)].flat();
    const parts: unknown[] = [];
    const told: (readonly [number, string?])[] = [];

    const { segments, duration_seconds, speech_seconds } = await run(
      model,
      { wav: wavOf(samples) },
      { partial: (part) => void parts.push(part), progress: (...report) => void told.push(report) },
    );

    expect(duration_seconds).toBe(7.5);
    expect(segments).toHaveLength(2);
    // The model takes a part of these vowels for noise.
    for (const [at, [from, to]] of [[1, 3] as const, [5, 6.5] as const].entries()) {
      const { start = 0, end = 0, confidence = 0 } = segments[at] ?? {};
      expect(start).toBeGreaterThan(from - 0.2);
      expect(end).toBeLessThan(to + 0.3);
      expect(end - start).toBeGreaterThan((to - from) / 3);
      expect(confidence).toBeGreaterThan(0.4);
    }
    expect(speech_seconds).toBeCloseTo(segments.reduce((sum, { start, end }) => sum + end - start, 0));
    expect(parts).toEqual(segments.map((segment) => ({ segments: [segment] })));
    expect(told.map(([, message]) => message)).toContain('Heard 2.0 of 7.5 seconds.');
    expect(told.map(([fraction]) => fraction)).toEqual(told.map(([fraction]) => fraction).toSorted((a, b) => a - b));
  });

  it('hears nothing in silence, and stops when it is canceled', async () => {
    const { segments, speech_seconds } = await run(model, { wav: wavOf(pause(2)) });
    expect([segments, speech_seconds]).toEqual([[], 0]);

    await expect(run(model, { wav: wavOf(pause(2)) }, { signal: AbortSignal.abort() })).rejects.toThrow('aborted');
  });

  it('refuses what is no such file', async () => {
    const bodies = [
      Buffer.from('no audio'),
      wavOf(pause(1), { rate: 8000 }),
      Buffer.from('RIFF....WAVEdata'),
      Buffer.alloc(0),
    ];

    for (const wav of bodies) await expect(run(model, { wav })).rejects.toBeInstanceOf(InvalidInput);
    await expect(run(model, { wav: wavOf([]), threshold: 1 })).rejects.toBeInstanceOf(InvalidInput);
  });
});

describe('segments of speech', () => {
  const find = (probabilities: readonly number[]) => {
    const finder = new SegmentFinder({ threshold: 0.5, windowSeconds: 0.1 });
    const found = probabilities.map((probability) => finder.next(probability));
    return [...found, finder.end(probabilities.length / 10)].flatMap((segment) => segment ?? []);
  };
  const seconds = (count: number, probability: number) => Array.from({ length: count * 10 }, () => probability);

  it('bridge short pauses, ignore short noise, and end with the file', () => {
    const found = find([
      ...seconds(1, 0.9),
      0.1,
      0.1,
      ...seconds(1, 0.9),
      ...seconds(1, 0.1),
      0.9,
      ...seconds(1, 0),
      ...seconds(1, 0.9),
    ]);

    expect(found.map(({ start, end }) => [start, end].map((time) => Math.round(time * 10) / 10))).toEqual([
      [0, 2.2],
      [4.3, 5.3],
    ]);
  });

  it('go on while the probability is only a little lower', () => {
    expect(find([...seconds(1, 0.6), ...seconds(1, 0.4), ...seconds(1, 0.2)])).toMatchObject([
      { start: 0, end: 2, confidence: expect.closeTo(0.5) },
    ]);
  });
});
