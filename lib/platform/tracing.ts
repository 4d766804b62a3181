import type { Logger, Tracing } from '#core';
// Not `environment.ts`: model processes do not load the core.
import * as ENV from './environment-names.ts';

interface Traced {
  /** The name of the service, unless `OTEL_SERVICE_NAME` has one. */
  readonly service: string;
  readonly logger: Pick<Logger, 'warn'>;
}

const PROTOCOL = 'http/protobuf';

/**
 * Traces of this process, if `OTEL_EXPORTER_OTLP_ENDPOINT` names a collector. Otherwise, no module of OpenTelemetry is
 * loaded. Rejects for a protocol that is not supported.
 */
export async function tracingFromEnvironment(
  env: NodeJS.ProcessEnv,
  { service, logger }: Traced,
): Promise<Tracing | undefined> {
  const endpoint = env[ENV.tracesEndpoint] || env[ENV.otlpEndpoint];
  const isOff = env[ENV.otelDisabled]?.toLowerCase() === 'true' || env[ENV.tracesExporter] === 'none';
  if (!endpoint || isOff) return undefined;
  const protocol = env[ENV.tracesProtocol] || env[ENV.otlpProtocol] || PROTOCOL;
  if (protocol !== PROTOCOL) {
    const { ModelyardError } = await import('#core');
    throw new ModelyardError('internal', `Traces are exported by ${PROTOCOL}, not by "${protocol}".`);
  }
  const { createOtelTracing } = await import('#adapters/otel/otel-tracing.ts');
  return createOtelTracing({ service, logger });
}

/** As `tracingFromEnvironment`, for model processes. */
export const tracingOfThisProcess = (traced: Traced): Promise<Tracing | undefined> =>
  tracingFromEnvironment(process.env, traced);
