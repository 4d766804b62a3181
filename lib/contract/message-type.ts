import { decodeBytes, encodeWire } from './codec/bytes.ts';
import { toPlain } from './codec/to-plain.ts';
import { toWire } from './codec/to-wire.ts';
import { buildRoot } from './descriptor/build-root.ts';
import type { protobuf } from './protobuf.ts';

/** A generated message type: one constant per message of `proto/gen`. */
export interface MessageType<T> {
  /** For example `models.model_a.ModelARequest`. */
  readonly fullName: string;
  /** The serialized FileDescriptorSet that defines it, with imports. */
  readonly descriptorSet: Uint8Array;
  /** Missing fields get their default. Throws a TypeError for a value that does not fit its field. */
  encode(message: Partial<T>): Uint8Array;
  /** Throws `UnreadableMessageError`. */
  decode(bytes: Uint8Array): T;
}

/** The descriptor set of a generated file, decoded at first use. */
export interface EmbeddedFile {
  readonly descriptorSet: Uint8Array;
  readonly root: protobuf.Root;
}

/** For generated files: a base64 descriptor set. Decodes nothing yet, because imports must be fast. */
export function embeddedFile(base64: string): EmbeddedFile {
  let descriptorSet: Uint8Array | undefined;
  let root: protobuf.Root | undefined;
  return {
    get descriptorSet() {
      descriptorSet ??= new Uint8Array(Buffer.from(base64, 'base64'));
      return descriptorSet;
    },
    get root() {
      root ??= buildRoot(this.descriptorSet);
      return root;
    },
  };
}

/** For generated files: one message of an embedded file. */
export function messageType<T>(file: EmbeddedFile, fullName: string): MessageType<T> {
  let found: protobuf.Type | undefined;
  const type = (): protobuf.Type => {
    found ??= file.root.lookupType(`.${fullName}`);
    return found;
  };
  return {
    fullName,
    get descriptorSet() {
      return file.descriptorSet;
    },
    encode(message) {
      return encodeWire(type(), toWire(type(), message, fullName));
    },
    decode(bytes) {
      return toPlain(type(), decodeBytes(type(), bytes)) as T;
    },
  };
}
