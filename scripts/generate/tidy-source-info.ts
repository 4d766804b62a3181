import descriptor from 'protobufjs/ext/descriptor.js';

interface Location {
  readonly path: readonly number[];
  readonly leadingComments?: string;
  readonly trailingComments?: string;
}

/**
 * Reduces the source info of a serialized FileDescriptorProto to its comments. Positions are removed, because moving a
 * line must not change the contract's hash.
 */
export function tidySourceInfo(file: Uint8Array): Uint8Array {
  const decoded = descriptor.FileDescriptorProto.decode(file) as unknown as {
    sourceCodeInfo?: { location: readonly Location[] };
  };
  if (!decoded.sourceCodeInfo) return file;
  const commented = decoded.sourceCodeInfo.location.filter(
    (location) => location.leadingComments || location.trailingComments,
  );
  decoded.sourceCodeInfo = {
    location: commented.map(({ path, leadingComments, trailingComments }) => ({
      path,
      // Readers expect three or four numbers.
      span: [0, 0, 0],
      ...(leadingComments ? { leadingComments } : {}),
      ...(trailingComments ? { trailingComments } : {}),
    })),
  };
  return descriptor.FileDescriptorProto.encode(decoded).finish();
}
