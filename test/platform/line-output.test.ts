import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLineOutput } from '#platform/line-output.ts';

function recorded(gatherMs?: number) {
  const writes: string[] = [];
  const output = new PassThrough();
  output.on('data', (chunk: Buffer) => writes.push(chunk.toString()));
  return { lines: createLineOutput(output, gatherMs), writes };
}

describe('an output of lines', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('writes every line at once unless it may gather them', () => {
    const { lines, writes } = recorded();

    lines.write('a', false);
    lines.write('b', false);

    expect(writes).toEqual(['a\n', 'b\n']);
  });

  it('writes the first line after a pause at once and gathers those that follow', () => {
    const { lines, writes } = recorded(50);

    for (const line of ['a', 'b', 'c']) lines.write(line, false);
    const before = [...writes];
    vi.advanceTimersByTime(50);
    lines.write('d', false);
    vi.advanceTimersByTime(100);
    lines.write('e', false);

    expect(before).toEqual(['a\n']);
    expect(writes).toEqual(['a\n', 'b\nc\n', 'd\n', 'e\n']);
  });

  it('writes an urgent line at once, after all before it', () => {
    const { lines, writes } = recorded(50);

    for (const line of ['a', 'b']) lines.write(line, false);
    lines.write('broken', true);

    expect(writes).toEqual(['a\n', 'b\nbroken\n']);
  });

  it('does not gather more than it should hold', () => {
    const { lines, writes } = recorded(50);

    lines.write('a', false);
    for (let i = 0; i < 3; i++) lines.write('x'.repeat(30_000), false);

    expect(writes).toHaveLength(2);
  });
});
