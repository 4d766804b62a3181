import type { Container } from 'dockerode';
import { type LogLine, type LogQuery, parseLine } from '#core';

/** Newest lines of a container that are searched for those of a task. */
const MAX_SEARCHED = 10_000;

/** What a container has logged, oldest first. Empty for one that keeps no log. */
export async function readContainer(
  container: Pick<Container, 'logs'>,
  instance: string,
  { task, limit }: LogQuery,
): Promise<readonly LogLine[]> {
  const tail = task === undefined ? limit : MAX_SEARCHED;
  const bytes = await container.logs({ stdout: true, stderr: true, timestamps: true, follow: false, tail });
  return linesOf(bytes).map(({ stream, text }) => toLine(instance, stream, text));
}

interface Written {
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

const HEADER_BYTES = 8;
const STDERR = 2;

/** The engine sends frames of one stream each: a byte for the stream, three of zeros, the length, then the text. */
function linesOf(bytes: Buffer): readonly Written[] {
  const texts = { stdout: '', stderr: '' };
  const lines: Written[] = [];
  for (let at = 0; at + HEADER_BYTES <= bytes.byteLength; ) {
    const stream = bytes[at] === STDERR ? 'stderr' : 'stdout';
    const end = at + HEADER_BYTES + bytes.readUInt32BE(at + 4);
    const whole = (texts[stream] + bytes.toString('utf8', at + HEADER_BYTES, end)).split('\n');
    // A long line comes in several frames.
    texts[stream] = whole.pop() ?? '';
    lines.push(...whole.filter((text) => text !== '').map((text) => ({ stream, text }) as const));
    at = end;
  }
  return lines;
}

/** Each line begins with the time at which the engine has read it. */
function toLine(instance: string, stream: Written['stream'], text: string): LogLine {
  const at = text.indexOf(' ');
  const { time, level, message, fields } = parseLine(text.slice(at + 1), stream, Date.parse(text.slice(0, at)));
  return { at: time, instance, level, message, fields };
}
