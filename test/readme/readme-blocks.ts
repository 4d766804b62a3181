/** The files that the README shows: a path alone on a line, and a code block right below it. */
export const fileBlocks = (readme: string): { readonly path: string; readonly text: string }[] =>
  [...readme.matchAll(/^`([^`\n]+)`\n```\w+\n(.*?)^```$/gms)].map(([, path = '', text = '']) => ({ path, text }));

/** What the README says to type in a shell, block by block. */
export const shellBlocks = (readme: string): string[] =>
  [...readme.matchAll(/^```bash\n(.*?)^```$/gms)].map(([, text = '']) => text);
