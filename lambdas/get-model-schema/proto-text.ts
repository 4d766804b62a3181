import { type Contract, protoFilesOf } from '#contract';

/** The .proto file of a contract; where there are several, one after the other below its path. */
export function protoText(contract: Contract): string {
  const files = [...protoFilesOf(contract)];
  if (files.length === 1) return files[0]?.[1] ?? '';
  return files.map(([path, text]) => `// File: ${path}\n${text}`).join('\n');
}
