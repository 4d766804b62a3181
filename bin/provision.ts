import { provision } from '#local/provision.ts';
import { awsSettingsFrom } from '#platform/aws.ts';

// Creates tables, bucket and queues in an AWS emulator: node bin/provision.ts gdp_growth_rate model_a
const models = process.argv.slice(2);
try {
  await provision(awsSettingsFrom(process.env), models);
  process.stdout.write(`Provisioned tables, a bucket and the queues of ${models.join(', ')}.\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
