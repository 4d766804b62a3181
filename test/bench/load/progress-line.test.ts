import { describe, expect, it } from 'vitest';
import { progressLine } from './progress-line.ts';

function written(isTTY: boolean, columns = 80): string {
  let text = '';
  const write = (more: string) => {
    text += more;
  };
  const progress = progressLine({ isTTY, columns, write });
  progress.tell('1 s');
  progress.tell('2 s');
  progress.end();
  progress.end();
  return text;
}

describe('the progress', () => {
  it('is one line on a terminal, written over until it ends', () => {
    expect(written(true)).toBe('\r\x1b[2K1 s\r\x1b[2K2 s\n');
  });

  it('is cut where a longer one would take a second row, which could not be written over', () => {
    expect(written(true, 3)).toBe('\r\x1b[2K1 \r\x1b[2K2 \n');
  });

  it('is a line each time elsewhere', () => {
    expect(written(false)).toBe('1 s\n2 s\n');
  });
});
