import { Child } from '../../scripts/cloud/child.ts';
import { freePort } from '../../scripts/cloud/free-port.ts';

const HOST = '127.0.0.1';

/** A collector of OpenTelemetry, which receives OTLP and passes it on as JSON. `npm run e2e:traces` builds the program. */
export async function startCollector(
  program: string,
  next: string,
): Promise<AsyncDisposable & { readonly url: string }> {
  const port = await freePort(HOST);
  const config = {
    receivers: { otlp: { protocols: { http: { endpoint: `${HOST}:${port}` } } } },
    exporters: { otlp_http: { endpoint: next, encoding: 'json', compression: 'none' } },
    service: {
      telemetry: { metrics: { level: 'none' } },
      pipelines: { traces: { receivers: ['otlp'], exporters: ['otlp_http'] } },
    },
  };
  const { signal } = new AbortController();
  const options = { cwd: import.meta.dirname, environment: process.env, signal };
  const child = new Child(program, ['--config', `yaml:${JSON.stringify(config)}`], options);
  await child.untilPrinted('Everything is ready.');
  return { url: `http://${HOST}:${port}`, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
}
