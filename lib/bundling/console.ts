import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync, type Metafile } from 'esbuild';

const SOURCES = fileURLToPath(new URL('../../console', import.meta.url));

/** The built files by name, in bytes. */
export type ConsoleSizes = Readonly<Record<string, number>>;

/**
 * Builds the web console into `into`, which it replaces. Synchronous, because CDK bundling is. Names contain a hash, so
 * clients may keep the files. Throws when the build fails.
 */
export function writeConsole(into: string): ConsoleSizes {
  const draft = `${into}.${process.pid}`;
  const { metafile, outputFiles } = buildSync({
    entryPoints: { main: join(SOURCES, 'src', 'main.tsx') },
    outdir: draft,
    bundle: true,
    format: 'esm',
    // The form and the charts are loaded when a page needs them.
    splitting: true,
    minify: true,
    target: ['es2023'],
    jsx: 'automatic',
    legalComments: 'none',
    entryNames: '[name]-[hash]',
    chunkNames: 'part-[hash]',
    alias: {
      react: 'preact/compat',
      'react-dom': 'preact/compat',
      'react/jsx-runtime': 'preact/jsx-runtime',
      // Descriptions are shown as text: a Markdown library would be a fifth of the code.
      'markdown-to-jsx/react': join(SOURCES, 'src', 'plain-text.ts'),
    },
    metafile: true,
    write: false,
    logLevel: 'error',
  });
  try {
    mkdirSync(draft, { recursive: true });
    for (const { path, contents } of outputFiles) writeFileSync(join(draft, basename(path)), contents);
    rmSync(into, { recursive: true, force: true });
    renameSync(draft, into);
  } finally {
    // Of a build that another one has overtaken.
    rmSync(draft, { recursive: true, force: true });
  }
  return sizesOf(metafile);
}

const sizesOf = ({ outputs }: Metafile): ConsoleSizes =>
  Object.fromEntries(Object.entries(outputs).map(([path, { bytes }]) => [basename(path), bytes]));
