import { loadContract } from '#contract';
import { isRecord, type JsonObject, type LoggedPrediction, memoize } from '#core';
import type { Lifecycle } from '../lifecycle.ts';
import type { Consent } from './tables.ts';

/** A row of the prediction log. */
export interface LoggedRecord {
  readonly task_id: string;
  /** When the task was submitted, Unix milliseconds. */
  readonly predicted_at: number;
  readonly owner: string;
  readonly consent: Consent;
  readonly model: string;
  /** Empty for an answer that names none. */
  readonly version: string;
  readonly shadow: boolean;
  /** The fields of the request as JSON, which are the features. Null without consent. */
  readonly request: string | null;
  /** The fields of the response as JSON. */
  readonly answer: string | null;
  /** The prediction, if it is a number. */
  readonly prediction: number | null;
  /** The prediction, if it is a class. */
  readonly class: string | null;
}

/** Fields of responses that are not predictions. */
const NOT_PREDICTED = ['model_version', 'modelVersion'];

/** Decodes what instances hand on, with the contracts of the models. */
export function createReader({ platform }: Pick<Lifecycle, 'platform'>) {
  const codecOf = memoize(
    async (hash: string) => {
      const contract = await platform.contracts.get(hash);
      return contract && loadContract(contract);
    },
    { maxEntries: 100 },
  );

  async function fieldsOf(hash: string, side: 'request' | 'response', text: string | null): Promise<JsonObject | null> {
    const codec = text === null ? undefined : await codecOf(hash);
    if (!codec || text === null) return null;
    const fields: unknown = JSON.parse(Buffer.concat(codec[side].toJson(Buffer.from(text, 'base64'))).toString());
    return isRecord(fields) ? (fields as JsonObject) : null;
  }

  return async function readRecord(logged: LoggedPrediction, model: string, consent: Consent): Promise<LoggedRecord> {
    const request = consent === 'full' ? await fieldsOf(logged.contract, 'request', logged.request) : null;
    const answer = await fieldsOf(logged.response_contract, 'response', logged.response);
    return {
      ...{ task_id: logged.id, predicted_at: logged.at, owner: logged.owner, consent, model },
      version: logged.version ?? textOf(answer?.model_version),
      shadow: logged.shadow ?? false,
      request: request && JSON.stringify(request),
      answer: answer && JSON.stringify(answer),
      ...predictedIn(answer ?? {}),
    };
  };
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** How the JSON of protobuf writes numbers that are none. They are neither values nor classes. */
const NOT_FINITE: readonly unknown[] = ['NaN', 'Infinity', '-Infinity'];

/** The first field of an answer that is a number, or else a text or a truth value. */
function predictedIn(answer: JsonObject): Pick<LoggedRecord, 'prediction' | 'class'> {
  const values = Object.entries(answer).flatMap(([name, value]) => (NOT_PREDICTED.includes(name) ? [] : [value]));
  const label = values.find((value) => typeof value === 'string' || typeof value === 'boolean');
  const number = values.find((value) => typeof value === 'number' || NOT_FINITE.includes(value));
  if (number === undefined && label !== undefined) return { prediction: null, class: String(label) };
  return { prediction: typeof number === 'number' ? number : null, class: null };
}
