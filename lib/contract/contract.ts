/** The message types a model speaks. Immutable: `hash` names exactly these bytes and messages. */
export interface Contract {
  /** SHA-256 (hex) over both message names and the descriptor set. */
  readonly hash: string;
  /** Full names, for example `models.model_a.ModelARequest`. */
  readonly requestMessage: string;
  readonly responseMessage: string;
  /** A serialized `google.protobuf.FileDescriptorSet`, imports included. */
  readonly descriptorSet: Uint8Array;
}
