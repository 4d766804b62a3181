/** A protobuf message as models see it: generated into `proto/gen`, one constant per message beside its interface. */
export interface MessageType<T> {
  /** For example `models.model_a.ModelARequest`. */
  readonly fullName: string;
  /** The serialized FileDescriptorSet it is defined in, imports included. */
  readonly descriptorSet: Uint8Array;
  /** Fields left out have their default. Throws a TypeError for a value that does not fit its field. */
  encode(message: Partial<T>): Uint8Array;
  /** Throws `UnreadableMessageError`. */
  decode(bytes: Uint8Array): T;
}
