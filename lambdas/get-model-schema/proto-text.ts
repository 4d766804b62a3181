import { type Contract, protoFilesOf } from '#contract';

/** The .proto files of a contract. Several files follow each other, each below its path. */
export function protoText(contract: Contract): string {
  const files = [...protoFilesOf(contract)];
  if (files.length === 1) return files[0]?.[1] ?? '';
  return files.map(([path, text]) => `// File: ${path}\n${text}`).join('\n');
}
