import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inFolder } from './support/compile-proto.ts';

const ROOT = join(import.meta.dirname, '../..');

/** What buf prints about our .proto files after a change to one of them; empty when it is content. */
function complaints(args: readonly string[], change = (text: string): string => text): string {
  return inFolder((folder) => {
    for (const path of ['buf.yaml', 'proto']) cpSync(join(ROOT, path), join(folder, path), { recursive: true });
    const file = join(folder, 'proto/models/gdp_growth_rate.proto');
    writeFileSync(file, change(readFileSync(file, 'utf8')));
    try {
      return execFileSync(join(ROOT, 'node_modules/.bin/buf'), args, { cwd: folder, encoding: 'utf8' });
    } catch (error) {
      return (error as { readonly stdout: string }).stdout;
    }
  });
}

const BREAKING = ['breaking', '--against', 'proto/baseline.binpb'];

describe('our .proto files', () => {
  it('follow the lint rules', () => {
    expect(complaints(['lint'])).toBe('');
    expect(complaints(['lint'], (text) => text.replace('growth_percent', 'growthPercent'))).toContain(
      'lower_snake_case',
    );
  });

  it('break nobody who speaks the accepted contracts', () => {
    expect(complaints(BREAKING)).toBe('');
  });

  it.each([
    ['a removed field', (text: string) => text.replace('string variant = 2;', '')],
    ['a renumbered field', (text: string) => text.replace('variant = 2', 'variant = 3')],
    ['a renamed field', (text: string) => text.replace('variant = 2', 'kind = 2')],
    ['another type', (text: string) => text.replace('string variant', 'bytes variant')],
  ])('cannot have %s without accepting it', (_what, change) => {
    expect(complaints(BREAKING, change)).not.toBe('');
  });
});
