import { BLOB_EXPIRY } from '#adapters/aws/resources.ts';
import { RETENTION_SECONDS } from '#core';
import { BACKUP_DAYS } from '../../lib/constructs/dsql-backups.ts';
import { MONTH_SECONDS } from './bill.ts';
import { type BillItem, estimated, priced } from './items.ts';
import { PRICES } from './prices.ts';

const DAY_SECONDS = 24 * 3600;
const MONTH_DAYS = MONTH_SECONDS / DAY_SECONDS;
/** A row that two write units hold, with the bytes that DynamoDB counts for every row: an upper bound for 1 KB of result. */
const ROW_GB_OF_A_MILLION = (2048 + 100) / 1000;

/** The price of a month, for data that is there for some days of it. */
const during = (days: number, dollars: number): number => (days / MONTH_DAYS) * dollars;

/** What data costs on a stage that keeps it, with its versions and backups: a gigabyte of each kind. */
export function storageBill(): readonly BillItem[] {
  const { days } = BLOB_EXPIRY;
  const taskDays = RETENTION_SECONDS / DAY_SECONDS;
  const { dynamoDbGbMonth, dynamoDbRecoveryGbMonth, s3GbMonth, dsqlGbMonth, dsqlBackupGbMonth } = PRICES;
  return [
    priced(
      'Tasks',
      dynamoDbGbMonth,
      `a month; a million are at most ${ROW_GB_OF_A_MILLION.toFixed(1)} GB, until ${taskDays} days after their deadlines; the first 25 GB are free`,
    ),
    priced('Points in time', dynamoDbRecoveryGbMonth, `a month, of ${BACKUP_DAYS} days, for the tables`),
    priced('Large payloads', during(days, s3GbMonth), `once, for ${days} days`),
    priced('Versions of payloads', during(days, s3GbMonth), `once, for ${days} days after they have expired`),
    priced('Artifacts', s3GbMonth, 'a month; they stay'),
    priced('Versions of artifacts', during(BACKUP_DAYS, s3GbMonth), `once, for ${BACKUP_DAYS} days after a deletion`),
    priced('Aurora DSQL', dsqlGbMonth, 'a month; the first gigabyte is free'),
    estimated(
      'Backups of Aurora DSQL',
      BACKUP_DAYS * dsqlBackupGbMonth,
      `a month: ${BACKUP_DAYS} complete copies, one a day, at the price of AWS Backup for DynamoDB`,
    ),
  ];
}
