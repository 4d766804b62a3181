import type { MessageCodec } from '#contract';

/** A codec between bytes and JSON values, where tests compare values. */
export const onValues = ({ fromJson, toJson, check }: MessageCodec) => ({
  fromJson: (value: unknown): Uint8Array => fromJson(Buffer.from(JSON.stringify(value))),
  toJson: (bytes: Uint8Array): unknown => JSON.parse(Buffer.concat(toJson(bytes)).toString()),
  check,
});
