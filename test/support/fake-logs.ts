import { createServer } from 'node:http';
import type { FilterLogEventsCommandInput } from '@aws-sdk/client-cloudwatch-logs';
import { listenOnFreePort } from './listen.ts';

interface Written {
  readonly timestamp: number;
  readonly message: string;
}

interface FakeLogsOptions {
  /** Lines that one call looks at. A page has those of them that match, which may be none. */
  readonly pageSize: number;
}

/** `FilterLogEvents` of CloudWatch Logs: from the oldest line on, in pages that may be empty. */
export async function startFakeLogs({ pageSize }: FakeLogsOptions) {
  const streams = new Map<string, Written[]>();
  const asked: FilterLogEventsCommandInput[] = [];

  function filter(input: FilterLogEventsCommandInput): object {
    const { logGroupName, logStreamNames, logStreamNamePrefix = '', startTime = 0, endTime = Infinity } = input;
    const names = logStreamNames?.map((name) => `${logGroupName} ${name}`);
    if (names?.some((name) => !streams.has(name))) return { __type: 'ResourceNotFoundException' };
    const inRange = [...streams]
      .filter(([name]) => names?.includes(name) ?? name.startsWith(`${logGroupName} ${logStreamNamePrefix}`))
      .flatMap(([name, events]) => events.map((event) => ({ ...event, logStreamName: name.split(' ')[1] })))
      .filter(({ timestamp }) => timestamp >= startTime && timestamp <= endTime)
      .toSorted((a, b) => a.timestamp - b.timestamp);
    const from = Number(input.nextToken ?? 0);
    const [, term = ''] = /^"(.*)"$/.exec(input.filterPattern ?? '') ?? [];
    const next = from + pageSize;
    return {
      events: inRange.slice(from, next).filter(({ message }) => message.includes(term)),
      ...(next < inRange.length ? { nextToken: String(next) } : {}),
    };
  }

  const server = createServer(async (request, response) => {
    const input = JSON.parse(Buffer.concat(await request.toArray()).toString()) as FilterLogEventsCommandInput;
    asked.push(input);
    const answer = filter(input);
    response.statusCode = '__type' in answer ? 400 : 200;
    response.setHeader('Content-Type', 'application/x-amz-json-1.1');
    response.end(JSON.stringify(answer));
  });
  const url = await listenOnFreePort(server);
  return {
    url,
    asked,
    write: (group: string, stream: string, ...events: Written[]) =>
      void streams.set(`${group} ${stream}`, [...(streams.get(`${group} ${stream}`) ?? []), ...events]),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
