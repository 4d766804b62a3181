/** List prices of us-east-1 in US dollars, without free tiers and taxes. */
export const PRICES = {
  asOf: '2026-11-01',
  /** Per million requests. */
  restApiMillion: 3.5,
  httpApiMillion: 1,
  lambdaMillion: 0.2,
  sqsMillion: 0.4,
  /** Per million request units, on demand. */
  dynamoDbWriteMillion: 0.625,
  dynamoDbReadMillion: 0.125,
  xrayTraceMillion: 5,
  /** ARM. */
  lambdaGbSecond: 0.0000133334,
  fargateVcpuHour: 0.03238,
  fargateGbHour: 0.00356,
  /** Spot price as a share of the on-demand price. */
  spotShare: 0.3,
  publicIpv4Hour: 0.005,
  schedulerMillion: 1,
  /** Per million units of Aurora DSQL. */
  dsqlMillionDpu: 8,
  /** Per gigabyte and month. */
  dynamoDbGbMonth: 0.25,
  dynamoDbRecoveryGbMonth: 0.2,
  s3GbMonth: 0.023,
  dsqlGbMonth: 0.33,
  /** That of DynamoDB: the price list of AWS Backup that this was read from has no line for Aurora DSQL. */
  dsqlBackupGbMonth: 0.1,
  logsGbIngested: 0.5,
  egressGb: 0.09,
  /** Per month. */
  secret: 0.4,
  customMetric: 0.3,
  alarmMetric: 0.1,
  dashboard: 3,
} as const;
