/** The messages of a model. Immutable: the hash identifies its content. */
export interface Contract {
  /** SHA-256 (hex) over both message names and the descriptor set. */
  readonly hash: string;
  /** Full names, for example `models.model_a.ModelARequest`. */
  readonly requestMessage: string;
  readonly responseMessage: string;
  /** A serialized `google.protobuf.FileDescriptorSet`, with imports. */
  readonly descriptorSet: Uint8Array;
}
