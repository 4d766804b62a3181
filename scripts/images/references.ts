/** Files that name public images. */
export const FILES = [
  'Dockerfile',
  'compose.yaml',
  '.env.example',
  'docs/model-dockerfile.md',
  'scripts/compose/lifecycle-services.ts',
  'scripts/compose/model-services.ts',
] as const;

/** A name with a tag, behind what says that it is an image. Images of our own have a variable for a tag. */
const REFERENCE = /(?<=image: |_IMAGE=|_IMAGE:-)([a-z\d][a-z\d./-]*:[\w.-]+)(?:@sha256:[\da-f]{64})?/g;

/** The images of a text, without their digests. */
export const referencesIn = (text: string): readonly string[] =>
  [...text.matchAll(REFERENCE)].map(([, reference = '']) => reference);

/** The text with the digest of each image, in place of an older one. The tag stays for readers and for updates. */
export const withDigests = (text: string, digests: ReadonlyMap<string, string>): string =>
  text.replaceAll(REFERENCE, (_, reference: string) => `${reference}@${digests.get(reference)}`);
