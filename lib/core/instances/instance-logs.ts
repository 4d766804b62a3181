import { ModelyardError } from '../errors.ts';
import type { InstanceController } from './control-instances.ts';

/** What an instance, or the platform about it, has logged. */
export interface LogLine {
  /** Unix milliseconds. */
  readonly at: number;
  readonly instance: string;
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface LogQuery {
  /** Only lines of this instance. */
  readonly instance?: string;
  /** Only lines that name this task. */
  readonly task?: string;
  /** Only lines of this time or later, in Unix milliseconds. */
  readonly from?: number;
  /** Maximum number of lines: the newest. */
  readonly limit: number;
}

export interface InstanceLogs {
  /** What the instances of a model have logged, oldest first. */
  logs(model: string, query: LogQuery): Promise<readonly LogLine[]>;
}

/** Lines of the instances of a model, oldest first. Rejects with `route_not_found` where the platform shows none. */
export async function readLogs(
  instances: InstanceController | undefined,
  model: string,
  query: LogQuery,
): Promise<readonly LogLine[]> {
  if (!instances?.logs) {
    throw new ModelyardError('route_not_found', 'The logs of this platform are not read by the API.');
  }
  return instances.logs(model, query);
}

/** The newest lines that match, oldest first. */
export const matchingLines = (
  lines: readonly LogLine[],
  { instance, task, from = 0, limit }: LogQuery,
): readonly LogLine[] =>
  lines
    .filter(({ at }) => at >= from)
    .filter((line) => instance === undefined || line.instance === instance)
    .filter((line) => task === undefined || namesTask(line, task))
    .slice(-limit);

const namesTask = ({ message, fields }: LogLine, task: string): boolean =>
  message.includes(task) || JSON.stringify(fields).includes(task);
