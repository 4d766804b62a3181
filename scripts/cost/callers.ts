import { HANDLER_MEMORY_MIB } from '../../lib/constructs/handler-profiles.ts';
import { type BillItem, estimated, measured } from './items.ts';
import { PRICES } from './prices.ts';
import { ESTIMATED, MEASURED } from './usage.ts';

/** The properties of a stage that change what knowing its callers costs. */
export interface CallersConfig {
  /** `none`: predictions use the function URL of the submit handler. */
  readonly api: 'rest' | 'http' | 'none';
  readonly userLimits: 'all' | 'rates' | 'none';
  /** 0: calls are not recorded. */
  readonly callDays: number;
  readonly auth: { readonly kind: 'none' | 'jwt' | 'oidc' };
}

const GB = 1e9;

/**
 * Upper bound: every prediction is the first of its caller in 30 s. Callers who come more often are known from a cache.
 * Without API Gateway, the submit handler verifies them.
 */
export function verification({ api, auth }: CallersConfig, predictions: number): readonly BillItem[] {
  if (auth.kind === 'none') return [];
  const { verifyCpuMs, verifyWaitMs, lambdaMibPerCpu } = ESTIMATED;
  const ms = verifyWaitMs + (verifyCpuMs * lambdaMibPerCpu) / HANDLER_MEMORY_MIB;
  const time = predictions * (ms / 1000) * (HANDLER_MEMORY_MIB / 1024) * PRICES.lambdaGbSecond;
  const runs = api === 'none' ? 0 : (predictions / 1e6) * PRICES.lambdaMillion;
  const reads = (predictions / 1e6) * MEASURED.readUnitsPerCaller * PRICES.dynamoDbReadMillion;
  const where = api === 'none' ? 'in the handler' : '1 authorizer run';
  return [estimated('Verified callers', time + runs + reads, `at most ${where} and 1 read; cached for 30 s`)];
}

/** What counting requests and tasks of users adds. Each 40 tasks more that wait add a unit to every submit. */
export function limits({ userLimits, auth }: CallersConfig, millions: number): readonly BillItem[] {
  if (userLimits === 'none' || auth.kind === 'none') return [];
  const { rateWriteUnits, taskLimitWriteUnits, taskLimitReadUnits } = MEASURED;
  const tasks = userLimits === 'all' ? taskLimitWriteUnits : 0;
  const reads = userLimits === 'all' ? taskLimitReadUnits : 0;
  const writes = rateWriteUnits + tasks;
  const dollars = millions * (writes * PRICES.dynamoDbWriteMillion + reads * PRICES.dynamoDbReadMillion);
  return [measured('Limits of users', dollars, `${writes} units; userLimits: 'none' turns them off`)];
}

/** A line in the log of the handlers, a share of rows that expire, and a share of the run that writes them. */
export function callLog({ callDays }: CallersConfig, calls: number): readonly BillItem[] {
  if (callDays === 0) return [];
  const { callLineBytes, callWriteUnits } = MEASURED;
  const { callsPerDelivery, recordMs } = ESTIMATED;
  const lines = (calls * callLineBytes * PRICES.logsGbIngested) / GB;
  const rows = (calls / 1e6) * callWriteUnits * PRICES.dynamoDbWriteMillion;
  const run = PRICES.lambdaMillion / 1e6 + (recordMs / 1000) * (HANDLER_MEMORY_MIB / 1024) * PRICES.lambdaGbSecond;
  const how = `${callWriteUnits} units and ${callLineBytes} bytes; callDays: 0 turns it off`;
  return [estimated('Call log', lines + rows + (calls / callsPerDelivery) * run, how)];
}
