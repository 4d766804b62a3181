/** One reason why one contract cannot stand in for another. */
export interface ContractDifference {
  /** Where: message and field, for example `models.model_a.ModelARequest.data`; or enum and value. */
  readonly path: string;
  /** What happened to it, for example `changed its type from string to int32`. */
  readonly message: string;
}
