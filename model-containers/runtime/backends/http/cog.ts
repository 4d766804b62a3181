import type { MessageDescriptor } from '#contract';
import type { PredictContext } from '../../define-model.ts';
import { containerFailed, isOk, JSON_TYPE, parseObject, trailHeaders } from './http-client.ts';
import type { HttpProtocol, ProtocolInput } from './protocols.ts';
import { objectOf, type TakeReport } from './reports.ts';

interface CogPrediction {
  readonly status: string;
  readonly output?: unknown;
  readonly error?: string;
}

const CANCEL_MS = 5000;

/** Cog answers 200 with the state of a prediction, also of one that failed. Its webhook reports during the run. */
export const cogProtocol = ({ source, codec, types, folder }: ProtocolInput): HttpProtocol => {
  const response = types.message(folder.response.fullName);
  return {
    health: source.health ?? '/health-check',
    isReady: (answer) => isOk(answer) && parseObject(answer.body).status === 'READY',
    takeReport: (context) => takePrediction(context, response),
    connect: async (client) => async (body, context) => {
      const { signal, taskId, reportUrl: webhook } = context;
      const path = `${source.path ?? '/predictions'}/${taskId}`;
      const input = Buffer.concat(codec.request.toJson(body)).toString();
      const onAbort = () =>
        void client.call({ path: `${path}/cancel` }, AbortSignal.timeout(CANCEL_MS)).catch(() => undefined);
      signal.addEventListener('abort', onAbort, { once: true });
      try {
        const rest = JSON.stringify({ webhook, webhook_events_filter: ['output', 'logs'] }).slice(1);
        const text = Buffer.from(`{"input":${input},${rest}`);
        const call = { path, method: 'PUT', type: JSON_TYPE, body: text, headers: trailHeaders(context) } as const;
        const { status, output, error } = parseObject(await client.predict(call, signal)) as Partial<CogPrediction>;
        if (status === 'succeeded') return { json: outputOf(output, response) };
        throw containerFailed(error ?? `The prediction ended as ${status}.`);
      } finally {
        signal.removeEventListener('abort', onAbort);
      }
    },
  };
};

/**
 * A percentage in the log, as progress bars write it, is the progress. Items that an iterator has added to the output
 * are a partial response. Webhooks may overtake each other, and each has all of the log and of the output so far.
 */
function takePrediction({ progress, partial }: PredictContext, response: MessageDescriptor): TakeReport {
  let logged = 0;
  let sent = 0;
  return (body) => {
    const { output, logs } = objectOf(body);
    if (typeof logs === 'string' && logs.length > logged) {
      logged = logs.length;
      const line = logs.split(/[\r\n]+/).findLast((each) => PERCENTAGE.test(each));
      const percentage = Number(line && PERCENTAGE.exec(line)?.[1]);
      if (line && percentage <= 100) progress(percentage / 100, line.trim());
    }
    if (Array.isArray(output) && output.length > sent) {
      const added = output.slice(sent);
      sent = output.length;
      partial({ json: outputOf(added, response) });
    }
  };
}

const PERCENTAGE = /(\d{1,3}(?:\.\d+)?) ?%/;

/** An output that is no object fills the only field of the response. */
function outputOf(output: unknown, { fields }: MessageDescriptor): unknown {
  const [only, ...others] = fields;
  const isObject = typeof output === 'object' && output !== null && !Array.isArray(output);
  return isObject || !only || others.length > 0 ? output : { [only.name]: output };
}
