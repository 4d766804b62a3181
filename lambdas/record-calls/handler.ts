import { gunzipSync } from 'node:zlib';
import type { CloudWatchLogsDecodedData, CloudWatchLogsEvent } from 'aws-lambda';
import type { Metrics } from '#api';
import { callOfLine } from '#api/http/call-lines.ts';
import type { CallLog, Clock, Logger } from '#core';

interface RecordCallsDeps {
  readonly calls: Pick<CallLog, 'append'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: Pick<Logger, 'warn' | 'error'>;
  readonly metrics: Metrics;
}

/** Lambda repeats a failed run after one minute and after two more, so it does not see older lines again. */
const REPEATED_MS = 150_000;

/** Writes the call lines of the handlers into the call log. A line that is written twice is one call. */
export const createHandler = ({ calls, clock, logger, metrics }: RecordCallsDeps) =>
  async function recordCalls({ awslogs }: CloudWatchLogsEvent): Promise<void> {
    const { logEvents, messageType } = decoded(awslogs.data);
    // CloudWatch sends a control message when the subscription is made.
    if (messageType !== 'DATA_MESSAGE') return;
    const found = logEvents.flatMap(({ message }) => callOfLine(message) ?? []);
    const unreadable = logEvents.length - found.length;
    if (unreadable > 0) {
      metrics.count('CallsLost', { outcome: 'unreadable' }, unreadable);
      logger.warn('Lines of the log are not calls.', { lines: unreadable });
    }
    if (found.length === 0) return;
    try {
      await calls.append(found);
    } catch (error) {
      const newest = Math.max(...logEvents.map(({ timestamp }) => timestamp));
      if (clock.now() - newest < REPEATED_MS) throw error;
      metrics.count('CallsLost', { outcome: 'unwritten' }, found.length);
      logger.error('Calls were not recorded.', { lost: found.length, error });
    }
  };

const decoded = (data: string): CloudWatchLogsDecodedData =>
  JSON.parse(gunzipSync(Buffer.from(data, 'base64')).toString());
