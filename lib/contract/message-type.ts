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
