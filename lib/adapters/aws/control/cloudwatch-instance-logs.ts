import {
  type CloudWatchLogsClient,
  type FilteredLogEvent,
  FilterLogEventsCommand,
  type FilterLogEventsCommandInput,
  ResourceNotFoundException,
} from '@aws-sdk/client-cloudwatch-logs';
import {
  type Clock,
  type InstanceLogs,
  type LogLine,
  type LogQuery,
  matchingLines,
  parseLine,
  unavailable,
} from '#core';
import type { ControlRows } from './control-rows.ts';
import type { EcsServices, LogPlace } from './ecs-services.ts';

export interface CloudWatchInstanceLogsOptions {
  readonly client: Pick<CloudWatchLogsClient, 'send'>;
  readonly services: Pick<EcsServices, 'logPlaces'>;
  readonly rows: Pick<ControlRows, 'launches'>;
  readonly clock: Clock;
}

const SECOND = 1000;
/**
 * How far back each step reads. CloudWatch lists from the oldest line on, so the newest are looked for in steps: each
 * begins where the one before has ended.
 */
const STEPS_MS = [10, 120, 1440, 17_280, 207_360, 2_419_200].map((seconds) => seconds * SECOND);
/** Pages of up to 1 MB that one request reads. */
const MAX_PAGES = 20;
/** The answer must leave before the API gives up. */
const MAX_MS = 8 * SECOND;
/** How long the log group of a model is remembered: a deployment may change it. */
const REMEMBERED_MS = 60 * SECOND;

/** The newest lines of a step that stay in memory. */
const KEPT = 20_000;

/** What one request may still read. */
interface Budget {
  pages: number;
  readonly until: number;
}

/** Lines of ECS tasks in CloudWatch Logs, of 28 days at most. Rejects with `registry_unavailable`. */
export class CloudWatchInstanceLogs implements InstanceLogs {
  readonly #options: CloudWatchInstanceLogsOptions;
  readonly #places = new Map<string, { readonly places: readonly LogPlace[]; readonly until: number }>();

  constructor(options: CloudWatchInstanceLogsOptions) {
    this.#options = options;
  }

  async logs(model: string, query: LogQuery): Promise<readonly LogLine[]> {
    const { clock, rows } = this.#options;
    const now = clock.now();
    const [places, launches] = await Promise.all([this.#placesOf(model), rows.launches(model)]);
    const launched = new Map(launches.map(({ id, taskId }) => [taskId, id]));
    const taskId = launches.find(({ id }) => id === query.instance)?.taskId ?? query.instance;
    const asked = { ...query, ...(taskId === undefined ? {} : { taskId }) };
    const idOf = (stream: string) => {
      const id = stream.slice(stream.lastIndexOf('/') + 1);
      return launched.get(id) ?? id;
    };
    const budget: Budget = { pages: MAX_PAGES, until: now + MAX_MS };
    const oldest = Math.max(query.from ?? 0, now - (STEPS_MS.at(-1) ?? 0));
    let lines: readonly LogLine[] = [];
    let end = Number.MAX_SAFE_INTEGER;
    for (const step of STEPS_MS) {
      const start = Math.max(oldest, now - step);
      const found = await this.#between({ start, end, places, asked }, budget);
      // Without the end of this step, its lines are not those before the lines that were found.
      if (found === undefined) break;
      lines = matchingLines([...found.map((event) => toLine(event, idOf)), ...lines], query);
      if (lines.length === query.limit || start === oldest) break;
      end = start - 1;
    }
    return lines;
  }

  /** Undefined when the budget ends before the lines. */
  async #between(span: Span, budget: Budget): Promise<readonly FilteredLogEvent[] | undefined> {
    const found: FilteredLogEvent[] = [];
    for (const place of span.places) {
      const events: FilteredLogEvent[] = [];
      const input = inputOf(span, place);
      let nextToken: string | undefined;
      do {
        // Of the first step, some lines are better than none.
        if (budget.pages === 0 || this.#options.clock.now() > budget.until) {
          return isFirst(span) ? sorted([...found, ...events]) : undefined;
        }
        budget.pages--;
        const page = await this.#call({ ...input, nextToken });
        events.push(...(page.events ?? []));
        if (events.length > KEPT) events.splice(0, events.length - KEPT);
        nextToken = page.nextToken;
      } while (nextToken !== undefined);
      found.push(...events);
    }
    return sorted(found);
  }

  async #call(input: FilterLogEventsCommandInput): Promise<Page> {
    try {
      return await this.#options.client.send(new FilterLogEventsCommand(input));
    } catch (error) {
      // A task that has written nothing has no stream.
      if (error instanceof ResourceNotFoundException) return {};
      throw unavailable('registry_unavailable', 'The logs cannot be reached.', error);
    }
  }

  async #placesOf(model: string): Promise<readonly LogPlace[]> {
    const now = this.#options.clock.now();
    const known = this.#places.get(model);
    if (known && known.until > now) return known.places;
    const places = await this.#options.services.logPlaces(model);
    this.#places.set(model, { places, until: now + REMEMBERED_MS });
    return places;
  }
}

interface Page {
  readonly events?: FilteredLogEvent[] | undefined;
  readonly nextToken?: string | undefined;
}

/** What one step reads. */
interface Span {
  readonly start: number;
  readonly end: number;
  readonly places: readonly LogPlace[];
  readonly asked: LogQuery & { readonly taskId?: string };
}

const sorted = (events: readonly FilteredLogEvent[]): readonly FilteredLogEvent[] =>
  events.toSorted((a, b) => Number(a.timestamp) - Number(b.timestamp));

const isFirst = ({ end }: Span): boolean => end === Number.MAX_SAFE_INTEGER;

function inputOf({ start, end, asked }: Span, { group, streamPrefix }: LogPlace): FilterLogEventsCommandInput {
  const { task, taskId } = asked;
  return {
    ...{ logGroupName: group, startTime: start },
    ...(end === Number.MAX_SAFE_INTEGER ? {} : { endTime: end }),
    ...(taskId === undefined ? { logStreamNamePrefix: streamPrefix } : { logStreamNames: [streamPrefix + taskId] }),
    ...(task !== undefined && WORD.test(task) ? { filterPattern: `"${task}"` } : {}),
  };
}

/** What needs no escape in a filter pattern. */
const WORD = /^[\w-]+$/;

function toLine(
  { message = '', timestamp = 0, logStreamName = '' }: FilteredLogEvent,
  idOf: (stream: string) => string,
) {
  const { time, level, message: text, fields } = parseLine(message, 'stdout', timestamp);
  return { at: time, instance: idOf(logStreamName), level, message: text, fields };
}
